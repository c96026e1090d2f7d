// What belongs to what: tasks to their hosts, records to their tasks. No element is touched here.

import { last } from "./words.js";
import { strikes } from "./fault_kinds.js";

/** The parts of a world as they are shown, with what faults in force do to them. */
export function sorted(world, faults) {
  const struck = (thing, victim, id) => ({
    ...thing,
    frozen: faults.some(known => strikes(known, "freeze", victim, id)),
    cut_off: faults.some(known => strikes(known, "cut", victim, id) || strikes(known, "cut_off_aws", victim, id)),
  });
  const hosts = world.hosts.filter(host => host.lifecycle !== "Terminated").map(host => struck(host, "host", host.instance_id));
  const living = world.tasks.filter(task => task.last_status !== "STOPPED").map(task => struck(task, "task", task.arn));
  const stopped = world.tasks.filter(task => task.last_status === "STOPPED").reverse();
  const known = new Set(hosts.map(host => host.instance_id));
  const records = recordsOf(world.registrations, living, world.tasks);
  const withRecords = task => ({ ...task, records: records.byTask.get(task.arn) ?? [] });

  const byHost = new Map(hosts.map(host => [host.instance_id, []]));
  const waiting = [], fargate = [];
  for (const task of living) {
    if (task.launch_type === "FARGATE") fargate.push(withRecords(task));
    else if (known.has(task.instance_id)) byHost.get(task.instance_id).push(withRecords(task));
    else waiting.push(withRecords(task));
  }
  return {
    hosts, living, stopped, waiting, fargate,
    boxes: hosts.map(host => ({ host, tasks: byHost.get(host.instance_id) })),
    orphans: records.orphans, others: records.others,
  };
}

// A record points to a task by its id, by DOZE_TASK, or by the address. One that names a task which is not there, or is
// over, is an orphan; the rest are of other things (a proxy that registers itself).
function recordsOf(registrations, living, tasks) {
  const byId = new Map(), byAddress = new Map(), over = new Set();
  for (const task of living) {
    byId.set(last(task.arn), task);
    if (task.address) byAddress.set(task.address, task);
  }
  for (const task of tasks) if (task.last_status === "STOPPED") over.add(last(task.arn));
  const byTask = new Map(), orphans = [], others = [];
  for (const record of registrations) {
    const attributes = record.attributes ?? {};
    const named = attributes.DOZE_TASK ? last(attributes.DOZE_TASK) : record.instance_id;
    const task = byId.get(named) ?? (over.has(named) || attributes.DOZE_TASK ? null : byAddress.get(attributes.AWS_INSTANCE_IPV4));
    if (task) byTask.set(task.arn, [...(byTask.get(task.arn) ?? []), record]);
    else if (over.has(named) || attributes.DOZE_TASK || /^[0-9a-f]{32}$/.test(named)) orphans.push(record);
    else others.push(record);
  }
  return { byTask, orphans, others };
}

/** The name of a record: `demo.service.local`. */
export const nameOf = record => record.service + "." + record.namespace;

/** Where a record points to. */
export const placeOf = ({ attributes = {} }) => [attributes.AWS_INSTANCE_IPV4, attributes.AWS_INSTANCE_PORT].filter(Boolean).join(":");
