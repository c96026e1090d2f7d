// Hosts as boxes with their tasks inside.

import { byId, draw, dress, element, icon, say } from "./dom.js";
import { mood, short } from "./words.js";
import { nameOf } from "./sorted.js";
import { choose } from "./faults.js";

const ROOM = 3; // empty places that a host shows at most: tasks of 300 MiB that fit on it

/** A state as a small label. */
function pill() {
  const made = element("span", "pill");
  made.update = status => {
    dress(made, "pill " + mood(status));
    say(made, String(status ?? "unknown"));
  };
  return made;
}

// What is chosen for the faults, by a button that is the thing's id.
function thing(kind, id, label) {
  const made = element("button", "thing mono", label);
  made.type = "button";
  made.title = "Choose " + id;
  made.addEventListener("click", () => choose(kind, id));
  return made;
}

/** Draws tags for what is true of a thing beside its state. */
function tags(parent, told) {
  draw(parent, told, tag => tag.text, tag => element("span", "tag " + tag.mood, tag.text));
}

function slot(task) {
  const name = element("span", "name"), status = pill(), more = element("span", "soft");
  const address = element("span", "mono"), family = element("span"), marks = element("div", "tags"), records = element("ul", "records");
  const id = thing("task", task.arn, short(task.arn));
  const made = element("li", "slot",
    element("div", "title", name, element("span", "states", more, status)),
    element("div", "more", id, address, family), marks, records);
  made.update = task => {
    const stops = task.desired_status === "STOPPED";
    dress(made, "slot " + (stops && task.last_status === "RUNNING" ? "leave" : mood(task.last_status)));
    say(name, task.service ?? task.family);
    status.update(task.last_status);
    say(more, stops ? "wanted: STOPPED" : "");
    say(address, task.address ?? "");
    say(family, task.family + ":" + task.revision);
    id.setAttribute("aria-label", "Choose task " + short(task.arn) + " of " + (task.service ?? task.family));
    tags(marks, [
      task.protected && { text: "protected", mood: "accent" },
      task.frozen && { text: "frozen", mood: "bad" },
      task.cut_off && { text: "cut off", mood: "bad" },
      task.health_status && task.health_status !== "UNKNOWN" && { text: task.health_status, mood: task.health_status === "HEALTHY" ? "good" : "bad" },
    ].filter(Boolean));
    draw(records, task.records ?? [], record => nameOf(record) + "/" + record.instance_id,
      record => element("li", "", icon("record"), element("span", "mono", nameOf(record))));
    records.hidden = (task.records ?? []).length === 0;
  };
  return made;
}

function emptySlot() {
  const made = element("li", "slot empty");
  made.setAttribute("aria-hidden", "true");
  return made;
}

function statusOf(host) {
  if (host.lifecycle === "InService" && host.ecs_status === "DRAINING") return "DRAINING";
  return host.lifecycle;
}

function hostBox({ host }) {
  const status = pill(), address = element("span", "mono"), zone = element("span"), marks = element("div", "tags"), slots = element("ul", "slots");
  const shield = element("span", "shield");
  const id = thing("host", host.instance_id, host.instance_id);
  id.setAttribute("aria-label", "Choose host " + host.instance_id);
  const made = element("li", "card box",
    element("div", "head",
      element("div", "title", element("h3", "", id), status),
      element("div", "facts", address, zone, shield), marks),
    slots);
  made.update = ({ host, tasks }) => {
    const state = mood(statusOf(host));
    dress(made, "card box" + (state === "wait" ? " pending" : state === "good" ? "" : " leaving") + (host.frozen || host.cut_off ? " broken" : ""));
    status.update(statusOf(host));
    say(address, host.address ?? "");
    say(zone, host.zone ?? "");
    dress(shield, "shield" + (host.protected ? " on" : ""));
    if (shield.shown !== host.protected) {
      shield.shown = host.protected;
      shield.replaceChildren(icon("shield", host.protected), host.protected ? "protected from scale-in" : "not protected");
    }
    tags(marks, [
      state === "wait" && { text: "booting", mood: "wait" },
      host.lifecycle === "InService" && !host.ecs_status && { text: "not in the cluster", mood: "wait" },
      host.frozen && { text: "frozen", mood: "bad" },
      host.cut_off && { text: "cut off", mood: "bad" },
      host.spot_notice && { text: "spot notice: " + host.spot_notice, mood: "bad" },
      host.rebalance_recommended && { text: "rebalance recommended", mood: "wait" },
      host.ecs_status && host.agent_connected === false && { text: "ECS agent not connected", mood: "bad" },
      host.healthy === false && { text: "unhealthy", mood: "bad" },
      host.spot && !host.spot_notice && { text: "spot", mood: "" },
    ].filter(Boolean));
    // Free places show that there is room; a host that leaves has none.
    const free = state === "leave" || state === "off" ? 0 : Math.max(0, ROOM - tasks.length);
    draw(slots, [...tasks, ...Array.from({ length: free }, (_, place) => ({ place }))],
      item => item.arn ?? "empty" + item.place, item => item.arn ? slot(item) : emptySlot());
  };
  return made;
}

/** Draws hosts, the queue and Fargate. */
export function showHosts(parts) {
  draw(byId("hosts"), parts.boxes, item => item.host.instance_id, hostBox);
  draw(byId("waiting"), parts.waiting, task => task.arn, slot);
  draw(byId("fargate"), parts.fargate, task => task.arn, slot);
  byId("no-hosts").hidden = parts.hosts.length > 0;
  byId("waiting-section").hidden = parts.waiting.length === 0;
  byId("fargate-section").hidden = parts.fargate.length === 0;
}
