// Faults: what can go wrong with the thing that is chosen, and what is in force.

import { byId, draw, element, say } from "./dom.js";
import { kindsFor, toldOf, isOf, optionsOf } from "./fault_kinds.js";
import { short, span } from "./words.js";

const target = byId("fault-target"), buttons = byId("fault-buttons"), said = byId("fault-said");
let chosen = { kind: "aws", id: "" }, active = [], refresh = () => {};

export const useRefresh = again => { refresh = again; };

/** Chooses a thing, and goes to what can be done to it. */
export function choose(kind, id) {
  chosen = { kind, id };
  showTarget();
  showButtons();
  byId("faults").scrollIntoView({ block: "nearest" });
  target.focus();
}

target.addEventListener("change", () => {
  const [kind, ...id] = target.value.split(" ");
  chosen = { kind, id: id.join(" ") };
  showButtons();
});

async function call(method, path, body, done) {
  said.className = "";
  let answer;
  try {
    answer = await fetch(path, { method, ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) });
  } catch {
    return tell("local-aws does not answer.", true);
  }
  const text = await answer.text();
  if (answer.ok) tell(done, false);
  else tell("Refused: " + reasonOf(text, answer.status), true);
  refresh();
}

function reasonOf(text, status) {
  try {
    const { message, error } = JSON.parse(text);
    return message ?? (typeof error === "string" ? error : error?.message) ?? text;
  } catch {
    return text.trim() || String(status);
  }
}

function tell(text, bad) {
  say(said, text);
  said.className = bad ? "bad" : "good";
}

function button(kind) {
  const made = element("button", "act", kind.label);
  made.type = "button";
  made.update = ({ label, on }) => {
    say(made, label);
    made.classList.toggle("on", on !== undefined);
  };
  made.addEventListener("click", () => {
    const now = kinds().find(one => one.key === kind.key);
    if (!now) return;
    if (now.on !== undefined) call("DELETE", "/_faults/" + now.on, null, "Over: " + toldOf(now.fault, short));
    else call("POST", "/_faults", now.fault, "Done: " + toldOf(now.fault, short));
  });
  return made;
}

// What can be done to the thing chosen; one that is in force is lifted by the same button.
function kinds() {
  return kindsFor(chosen).map(kind => {
    const on = active.find(known => isOf(known.fault, kind.fault))?.id;
    return { ...kind, on, label: on === undefined ? kind.label : kind.lift };
  });
}

function showButtons() {
  draw(buttons, kinds(), kind => kind.key + " " + chosen.kind + " " + chosen.id, button);
}

let options = [];
function showTarget() {
  const mine = chosen.kind + " " + chosen.id;
  const gone = chosen.kind !== "aws" && !options.some(option => option.value === mine);
  const shown = gone ? [...options, { value: mine, text: chosen.kind + " " + short(chosen.id) + " (gone)" }] : options;
  draw(target, shown, option => option.value, ({ value }) => {
    const made = element("option");
    made.value = value;
    made.update = ({ text }) => say(made, text);
    return made;
  });
  if (target.value !== mine) target.value = mine;
}

function inForce(known) {
  const what = element("span", "who"), since = element("span", "what soft");
  const lift = element("button", "act", "Lift");
  lift.type = "button";
  lift.addEventListener("click", () => call("DELETE", "/_faults/" + known.id, null, "Over: " + toldOf(known.fault, short)));
  const made = element("li", "", what, since, lift);
  made.update = known => {
    say(what, toldOf(known.fault, short));
    say(since, [known.struck ? "struck " + known.struck + (known.struck === 1 ? " call" : " calls") : "",
      known.until_ms ? "for " + span(known.until_ms - known.since_ms) : ""].filter(Boolean).join(" · "));
    lift.setAttribute("aria-label", "Lift: " + toldOf(known.fault, short));
  };
  return made;
}

/** Draws what can be chosen and what is in force. */
export function showFaults(world, parts, faults) {
  active = faults.filter(known => known.active);
  options = optionsOf(world, parts);
  showTarget();
  showButtons();
  if (active.length === 0) draw(byId("active-faults"), [{}], () => "none", () => element("li", "none", "Nothing: all works as on a good day."));
  else draw(byId("active-faults"), active, known => known.id, inForce);
}
