// What happens, the newest first.

import { byId, element } from "./dom.js";
import { moment, short } from "./words.js";

const MOST = 500;

const MOODS = {
  "host.launched": "wait", "host.registered": "good", "host.active": "good", "host.protected": "accent", "host.unprotected": "accent",
  "host.draining": "leave", "host.terminated": "off", "task.provisioning": "wait", "task.pending": "wait", "task.running": "good",
  "task.stopping": "leave", "task.stopped": "off", "instance.registered": "good", "instance.deregistered": "leave", log: "log",
};

function row(event) {
  const log = event.kind === "log";
  const text = event.text || event.kind.replace(".", " ");
  const named = text.includes(short(event.subject).replace("…", ""));
  const said = log
    ? element("div", "said mono", short(event.subject) + "  " + (event.line ?? event.text ?? ""))
    : element("div", "said", text, named ? "" : element("span", "mono", " " + short(event.subject)));
  const fault = event.kind.startsWith("fault") ? "bad" : "off";
  const made = element("li", MOODS[event.kind] ?? fault, element("time", "", moment(event.at_ms)), element("span", "dot"), said);
  made.dataset.id = event.id;
  return made;
}

const list = byId("events");
let waiting = [];

/** Something happened. Many at once are drawn at once. */
export function happened(event) {
  waiting.push(event);
  if (waiting.length === 1) setTimeout(write, 50);
}

/** local-aws began anew. */
export function forget() {
  waiting = [];
  list.replaceChildren();
}

function write() {
  // Who has scrolled down keeps the place.
  const before = list.scrollHeight;
  list.prepend(...waiting.slice(-MOST).reverse().map(row));
  waiting = [];
  while (list.children.length > MOST) list.lastElementChild.remove();
  if (list.scrollTop > 0) list.scrollTop += list.scrollHeight - before;
}

byId("with-log").addEventListener("change", change => list.classList.toggle("with-log", change.target.checked));
