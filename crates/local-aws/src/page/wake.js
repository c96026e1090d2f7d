// The wake's time line: which wake is shown, its clock, its callers, and the two halves of its line.

import { byId, draw, dress, element, say } from "./dom.js";
import { clockOf, lineOf, wordsOf } from "./wake_steps.js";
import { drawLine } from "./wake_draw.js";
import { brief, count, mood, span } from "./words.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const FRAME = 66; // milliseconds from one picture to the next while something runs

let wakes = [], asked = false, choice = "newest", offset = 0, told = "", drawnAt = 0;

const nameOf = wake => (wake.family && wake.family !== wake.service ? wake.family + " for " + wake.service : wake.service);
const now = () => performance.now() + offset;

// The newest that is under way, or the newest.
function current() {
  if (choice !== "newest") {
    const chosen = wakes.find(wake => String(wake.id) === choice);
    if (chosen) return chosen;
  }
  return wakes.findLast(wake => wake.phase === "waking") ?? wakes.findLast(wake => wake.phase !== "asleep") ?? wakes.at(-1);
}

/** Takes what `/_wakes` says; whether something is under way, so that it is to be asked again soon. */
export function showWakes(said, proxies) {
  wakes = said.wakes;
  asked = proxies.some(proxy => proxy.answers);
  offset = said.now_ms - performance.now();
  showChoice();
  showWords();
  picture();
  return wakes.some(wake => wake.phase !== "asleep" && wake.phase !== "awake") || proxies.some(proxy => (proxy.services ?? []).some(one => one.held > 0))
    || wakes.some(wake => wake.phase === "asleep" && wake.hosts.length > 0 && !wake.steps.some(one => one.step === "host_released"));
}

/** local-aws began anew. */
export function forgetWakes() {
  wakes = [];
  choice = "newest";
  told = "";
}

function showChoice() {
  const options = [{ value: "newest", text: "the newest" },
    ...wakes.slice(-12).reverse().map(wake => ({ value: String(wake.id), text: wake.id + ": " + brief(nameOf(wake)) + ", " + wake.phase }))];
  draw(byId("wake-select"), options, option => option.value, ({ value }) => {
    const made = element("option");
    made.value = value;
    made.update = ({ text }) => say(made, text);
    return made;
  });
  byId("wake-choice").hidden = wakes.length < 2;
  byId("wake-select").value = choice;
}

byId("wake-select").addEventListener("change", change => {
  choice = change.target.value;
  showWords();
  picture();
});

function stepItem(one) {
  const made = element("li");
  made.dataset.step = one.step;
  made.update = one => say(made, wordsOf(one.step) + " after " + span(one.since_begun_ms));
  return made;
}

// What is said in words: changes with the world, not with the clock.
function showWords() {
  const wake = current();
  byId("wake-none").hidden = Boolean(wake);
  byId("wake-lines").hidden = !wake;
  byId("wake-clock").hidden = !wake;
  if (!wake) {
    say(byId("wake-title"), "Wake");
    byId("wake-who").replaceChildren();
    byId("wake-callers").hidden = true;
    return;
  }
  say(byId("wake-title"), "Wake of " + nameOf(wake));
  const facts = [wake.tasks.length ? count(wake.tasks.length, "task", "tasks") : "", wake.tries > 1 ? wake.tries + " tries" : ""].filter(Boolean);
  draw(byId("wake-who"), [{ text: wake.phase, className: "pill " + mood(wake.phase) }, ...facts.map(text => ({ text, className: "soft" }))],
    part => part.text, part => element("span", part.className, part.text));
  const callers = byId("wake-callers");
  callers.hidden = wake.most_held === 0;
  say(callers, wake.held > 0 ? count(wake.held, "caller is held", "callers are held") : count(wake.most_held, "caller was", "callers were") + " held at once");

  const line = lineOf(wake, now(), asked);
  const up = new Set(line.up.filter(row => !row.pending).map(row => row.step));
  draw(byId("wake-steps"), wake.steps.filter(one => up.has(one.step)), one => one.step, stepItem);
  draw(byId("sleep-steps"), wake.steps.filter(one => !up.has(one.step)), one => one.step, stepItem);

  const what = brief(nameOf(wake)) + " is " + wake.phase + (wake.phase === "awake" && wake.took_ms !== null ? ", after " + span(wake.took_ms) : "");
  if (told !== what) say(byId("wake-said"), what);
  told = what;
}

// What moves with the clock.
function picture() {
  const wake = current();
  if (!wake) return;
  drawnAt = performance.now();
  const at = now();
  const line = lineOf(wake, at, asked);
  const clock = clockOf(wake, at);
  byId("wake-clock").hidden = clock === null;
  if (clock) {
    const [number, unit] = span(clock.millis).split(" ");
    const shown = byId("wake-number");
    if (shown.shown !== number + unit) {
      shown.shown = number + unit;
      shown.replaceChildren(number, element("small", "", " " + unit));
    }
    say(byId("wake-caption"), clock.caption);
    byId("wake-clock").classList.toggle("runs", clock.runs);
  }
  const narrow = byId("wake").clientWidth < 560;
  drawLine(byId("wake-up"), { rows: line.up, begun: line.upBegun, end: line.upEnd, runs: line.waking, band: line.band, most: wake.most_held, narrow });
  const asleep = line.downBegun !== null;
  say(byId("wake-awake"), line.waking ? "Not awake yet." : asleep ? "Awake for " + span(line.awakeUntil - line.upEnd) + ", then:" : "Awake for " + span(at - line.upEnd) + " so far.");
  byId("wake-down").toggleAttribute("hidden", !asleep);
  if (asleep) drawLine(byId("wake-down"), { rows: line.down, begun: line.downBegun, end: line.downEnd, runs: line.leaving, band: [], most: 0, narrow });
  dress(byId("wake"), "card " + wake.phase);
}

// Moves while something runs and somebody looks; with reduced motion it is drawn anew only with the world.
function frame() {
  const wake = current();
  if (wake && !document.hidden && performance.now() - drawnAt > (still.matches || wake.phase === "awake" ? 1000 : FRAME)) {
    const done = wake.phase === "asleep" && (wake.hosts.length === 0 || wake.steps.some(one => one.step === "host_released"));
    if (!done && !document.body.classList.contains("stale")) picture();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
new ResizeObserver(picture).observe(byId("wake"));
