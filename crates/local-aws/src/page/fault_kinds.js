// Which faults there are for which thing, and how they are said. No element is touched here.

import { brief, last, short } from "./words.js";

const KINDS = {
  aws: () => [
    { key: "throttle", label: "Throttle calls", lift: "Stop throttling", fault: { kind: "throttle" } },
    { key: "fail", label: "Fail half of the calls", lift: "Stop failing calls", fault: { kind: "fail", often: { chance: 0.5 } } },
    { key: "lose", label: "Lose half of the answers", lift: "Stop losing answers", fault: { kind: "fail", often: { chance: 0.5 }, after: true, how: "reset" } },
    { key: "delay", label: "Delay calls by 2 s", lift: "Stop delaying", fault: { kind: "delay", by: "2s" } },
    { key: "servfail", label: "DNS: SERVFAIL", lift: "DNS: answer again", fault: { kind: "dns", how: "servfail" } },
    { key: "drop", label: "DNS: drop queries", lift: "DNS: stop dropping", fault: { kind: "dns", how: "drop" } },
  ],
  group: id => [
    { key: "scale_in", label: "Scale in by one", fault: { kind: "scale_in", group: id, count: 1 } },
  ],
  host: id => [
    { key: "freeze", label: "Freeze", lift: "Thaw", fault: { kind: "freeze", what: { host: id } } },
    { key: "cut", label: "Cut off the network", lift: "Mend the network", fault: { kind: "cut", what: { host: id } } },
    { key: "cut_off_aws", label: "Cut off AWS", lift: "Mend AWS", fault: { kind: "cut_off_aws", what: { host: id } } },
    { key: "kill", label: "Kill the host", fault: { kind: "kill", what: { host: id } } },
    { key: "spot_notice", label: "Spot notice", fault: { kind: "spot_notice", host: id } },
    { key: "rebalance", label: "Recommend to rebalance", fault: { kind: "rebalance", host: id } },
    { key: "restart_ecs_agent", label: "Restart the ECS agent", fault: { kind: "restart_ecs_agent", host: id } },
    { key: "freeze_agent", label: "Freeze the agent", lift: "Thaw the agent", fault: { kind: "freeze", what: { agent: id } } },
    { key: "kill_agent", label: "Kill the agent", fault: { kind: "kill", what: { agent: id } } },
  ],
  task: id => [
    { key: "kill", label: "Kill the task", fault: { kind: "kill", what: { task: last(id) } } },
    { key: "freeze", label: "Freeze", lift: "Thaw", fault: { kind: "freeze", what: { task: last(id) } } },
    { key: "cut", label: "Cut off the network", lift: "Mend the network", fault: { kind: "cut", what: { task: last(id) } } },
    { key: "cut_off_aws", label: "Cut off AWS", lift: "Mend AWS", fault: { kind: "cut_off_aws", what: { task: last(id) } } },
  ],
};

/** What can be done to a thing. */
export const kindsFor = ({ kind, id }) => KINDS[kind]?.(id) ?? [];

/** What can be chosen, in order. */
export function optionsOf(world, parts) {
  return [
    { value: "aws ", text: "AWS: its calls and the DNS" },
    ...(world.groups ?? []).map(group => ({ value: "group " + group.name, text: "group " + group.name })),
    ...parts.hosts.map(host => ({ value: "host " + host.instance_id, text: "host " + host.instance_id })),
    ...parts.living.map(task => ({ value: "task " + task.arn, text: "task " + short(task.arn) + ", " + brief(task.service ?? task.family) })),
  ];
}

const victimOf = fault => Object.entries(fault.what ?? {})[0] ?? (fault.host ? ["host", fault.host] : null);

/** Whether a fault that is in force is what a button stands for. */
export function isOf(known, fault) {
  if (known.kind !== fault.kind) return false;
  const [a, b] = [victimOf(known), victimOf(fault)];
  if (a || b) return a?.[0] === b?.[0] && last(a[1]) === last(b[1]);
  return known.how === fault.how && (known.after ?? false) === (fault.after ?? false);
}

/** Whether a fault in force of this kind strikes a thing. */
export const strikes = (known, kind, victim, id) => known.active && known.fault.kind === kind && known.fault.what?.[victim] === last(id);

/** A fault in words. */
export function toldOf(fault, shortened) {
  const victim = victimOf(fault);
  const whom = victim ? (victim[0] === "agent" ? "the agent of host " : victim[0] + " ") + shortened(victim[1]) : "";
  const often = fault.often?.chance !== undefined ? Math.round(100 * fault.often.chance) + " % of the calls" : fault.often?.next ? "the next " + fault.often.next + " calls" : "calls";
  const which = [fault.calls?.service, fault.calls?.operation].filter(Boolean).join(" ");
  switch (fault.kind) {
    case "throttle": return "throttle " + often + (which ? " of " + which : "");
    case "delay": return "delay " + often + (which ? " of " + which : "") + " by " + (fault.by ?? "up to " + fault.up_to);
    case "fail": return (fault.after ? "lose the answers of " : "fail ") + often + (which ? " of " + which : "");
    case "cut": return "cut off " + whom;
    case "cut_off_aws": return "cut off " + whom + " from AWS";
    case "restart_ecs_agent": return "restart the ECS agent of " + whom;
    case "spot_notice": return "spot notice for " + whom;
    case "rebalance": return "recommend to rebalance " + whom;
    case "scale_in": return "scale in group " + fault.group;
    case "dns": return "DNS " + (fault.how === "servfail" ? "SERVFAIL" : fault.how) + (fault.name ? " for " + fault.name : "");
    default: return fault.kind.replaceAll("_", " ") + (whom ? " " + whom : "");
  }
}
