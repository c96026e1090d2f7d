// Groups, services, queues, proxies, calls, records and stopped tasks, as rows.

import { byId, draw, element } from "./dom.js";
import { count, last, short } from "./words.js";
import { nameOf, placeOf } from "./sorted.js";

function row(who, what, ...details) {
  return element("li", "",
    element("span", "who", who), element("span", "what", what),
    ...details.filter(Boolean).map(detail => element("span", "detail", detail)));
}

function record(one) {
  const { DOZE_REVISION, DOZE_HOST } = one.attributes ?? {};
  return row(nameOf(one), element("span", "mono nowrap", placeOf(one)), [short(one.instance_id), DOZE_REVISION, DOZE_HOST].filter(Boolean).join(" · "));
}

function group({ name, desired, min, max, suspended }) {
  return row(name, count(desired, "host", "hosts") + " desired", "between " + min + " and " + max + (suspended?.length ? " · suspended: " + suspended.join(", ") : ""));
}

function service({ name, desired, running, pending, status, deployments, scheduling, last_event }) {
  return row(name, running + " of " + desired + " running",
    [pending ? pending + " pending" : "", deployments > 1 ? deployments + " deployments" : "", scheduling === "DAEMON" ? "one on each host" : "",
      status !== "ACTIVE" ? status : ""].filter(Boolean).join(" · "), last_event);
}

function queue({ name, visible, in_flight, delayed, dead_letters_to }) {
  return row(name, count(visible, "message", "messages"),
    [in_flight + " in flight", delayed ? delayed + " delayed" : "", dead_letters_to ? "dead letters go to " + last(dead_letters_to) : ""].filter(Boolean).join(" · "));
}

function proxy({ address, answers, failure, services }) {
  if (!answers) return row(address, element("span", "tag bad", "does not answer"), failure);
  return row(address, "answers", services.map(one => one.name + ": " + one.phase + (one.held ? ", " + one.held + " held" : "")).join(" · "));
}

function stopped(task) {
  const code = task.exit_code === null || task.exit_code === undefined ? "" : "exit code " + task.exit_code;
  const why = [task.stop_code, task.stopped_reason].filter(Boolean).join(": ");
  return row(task.service ?? task.family, code, short(task.arn) + (why ? " · " + why : ""));
}

function calls({ name, text, bad }) {
  return row(name, element("span", bad ? "tag bad" : "", text));
}

/** Rows, or a word that there is none; a section that is only there when it has some. */
function rows(id, items, keyOf, make, none) {
  if (items.length === 0 && none) draw(byId(id), [{}], () => "none", () => element("li", "none", none));
  else draw(byId(id), items, keyOf, make);
  if (!none) byId(id + "-section").hidden = items.length === 0;
}

/** Draws every list. */
export function showLists(world, parts) {
  const keyOf = one => nameOf(one) + "/" + one.instance_id;
  rows("orphans", parts.orphans, keyOf, record);
  rows("records", parts.others, keyOf, record);
  rows("groups", world.groups ?? [], one => one.name, group, "There is no group.");
  rows("services", (world.services ?? []).filter(one => one.status !== "INACTIVE"), one => (one.cluster ?? "") + "/" + one.name, service);
  rows("queues", world.queues ?? [], one => one.name, queue);
  rows("proxies", world.proxies ?? [], one => one.address, proxy);
  const { came, throttled, refused, unanswered } = world.calls ?? {};
  rows("calls", came ? [
    { name: "Calls that came", text: String(came) },
    { name: "throttled", text: String(throttled), bad: throttled > 0 },
    { name: "refused", text: String(refused), bad: refused > 0 },
    { name: "left without an answer", text: String(unanswered), bad: unanswered > 0 },
  ] : [], one => one.name, calls);
  rows("stopped", parts.stopped.slice(0, 50), task => task.arn, stopped);
  byId("stopped-title").textContent = count(parts.stopped.length, "stopped task", "stopped tasks");
}
