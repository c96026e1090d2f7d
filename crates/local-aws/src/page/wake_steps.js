// What a wake's time line has to show: rows with their times. No element is touched here.

// Words for each step, for what is waited for until then, and whose time it is.
const STEPS = {
  held: { done: "First request held", wait: "A request comes", whose: "caller" },
  called: { done: "RunTask called", wait: "The proxy asks ECS", whose: "caller" },
  host_launched: { done: "Host launched", wait: "Managed scaling looks", whose: "host" },
  host_registered: { done: "Host registered", wait: "The host boots", whose: "host" },
  placed: { done: "Task placed", wait: "ECS finds a place", whose: "host" },
  running: { done: "Task running", wait: "Containers start", whose: "task" },
  ready: { done: "Awake", wait: "The app starts", whose: "task" },
  answered: { done: "First byte sent", wait: "The app answers", whose: "caller" },
  registered: { done: "In Cloud Map", wait: "The agent registers it", whose: "task" },
  draining: { done: "Draining", wait: "", whose: "leave" },
  deregistered: { done: "Out of Cloud Map", wait: "The agent takes it out", whose: "leave" },
  stopping: { done: "Stopping", wait: "Leases end", whose: "leave" },
  stopped: { done: "Task stopped", wait: "The app ends", whose: "leave" },
  host_released: { done: "Host released", wait: "The host lets go", whose: "leave" },
};
const UP = ["held", "called", "host_launched", "host_registered", "placed", "running", "ready", "answered", "registered"];
const DOWN = ["draining", "deregistered", "stopping", "stopped", "host_released"];

/** Words for a step. */
export const wordsOf = step => STEPS[step]?.done ?? step.replaceAll("_", " ");

/** Rows of one half: each step's bar reaches from the step before to it. */
function rows(steps, begun) {
  let from = begun;
  return steps.map(({ step, at_ms, subject }) => {
    const row = { step, label: wordsOf(step), from, to: at_ms, subject, whose: STEPS[step]?.whose ?? "task" };
    from = at_ms;
    return row;
  });
}

function pending(order, have, from, now, skip) {
  const lastAt = Math.max(-1, ...order.map((step, place) => (have.has(step) ? place : -1)));
  const next = order.find((step, place) => place > lastAt && !skip.has(step));
  if (!next || !STEPS[next].wait) return [];
  return [{ step: next, label: STEPS[next].wait + " …", from, to: now, subject: "", whose: STEPS[next].whose, pending: true }];
}

/**
 * The time line of a wake at `now`, both in milliseconds since local-aws started. `asked` says whether proxies are asked:
 * only they know of callers and of draining.
 */
export function lineOf(wake, now, asked) {
  const up = wake.steps.filter(one => UP.includes(one.step)), down = wake.steps.filter(one => DOWN.includes(one.step));
  const have = new Set(wake.steps.map(one => one.step));
  const upRows = rows(up, wake.begun_ms);
  const skip = new Set(asked ? [] : ["held", "ready", "answered"]);
  if (have.has("called") && !have.has("held")) ["held", "answered"].forEach(step => skip.add(step));
  const upEnd = up.length ? up.at(-1).at_ms : wake.begun_ms;
  const waking = wake.phase === "waking";
  if (waking) upRows.push(...pending(UP, have, upEnd, now, skip));

  const downBegun = down.length ? down[0].at_ms : null;
  const downRows = downBegun === null ? [] : rows(down, downBegun);
  const over = have.has("host_released") || (have.has("stopped") && wake.hosts.length === 0);
  if (downBegun !== null && !over) {
    const noDrain = new Set([...(asked ? [] : ["draining"]), ...(have.has("registered") ? [] : ["deregistered"])]);
    downRows.push(...pending(DOWN, have, down.at(-1).at_ms, now, noDrain));
  }
  return {
    up: upRows, upBegun: wake.begun_ms, upEnd: waking ? now : upEnd, waking,
    down: downRows, downBegun, downEnd: over ? down.at(-1).at_ms : now, leaving: downBegun !== null && !over,
    awakeUntil: downBegun ?? now,
    band: bandOf(wake, waking ? now : upEnd),
  };
}

/** The held callers as steps, from the first to `end`. Proxies are asked now and then: what they said last holds until then. */
function bandOf(wake, end) {
  if (wake.most_held === 0 || wake.band.length === 0) return [];
  const answered = wake.steps.find(one => one.step === "answered")?.at_ms;
  const band = [];
  for (const [at, held] of wake.band) {
    const before = band.at(-1);
    // Who was let go was let go from the first answer on, however late we asked.
    const fell = before && held < before.held && answered !== undefined && before.at <= answered && at > answered;
    band.push({ at: fell ? answered : at, held });
  }
  const most = Math.max(...band.map(one => one.held));
  if (most < wake.most_held) {
    // The most of them came between two questions.
    const fall = band.findIndex((one, place) => place > 0 && one.held < band[place - 1].held);
    const at = fall > 0 ? band[fall].at : answered ?? end;
    band.splice(fall > 0 ? fall : band.length, 0, { at: Math.max(band[Math.max(0, (fall > 0 ? fall : band.length) - 1)].at, at - 1), held: wake.most_held });
    if (fall <= 0 && answered !== undefined) band.push({ at: answered, held: wake.held });
  }
  const shown = band.filter(one => one.at <= end);
  if (shown.length) shown.push({ at: end, held: shown.at(-1).held });
  return shown;
}

/** Marks for an axis of this length: about `most` of them, at round times. */
export function ticks(length, most) {
  const round = [100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000];
  const every = round.find(one => length / one <= most) ?? 3600000 * Math.ceil(length / 3600000 / most);
  return Array.from({ length: Math.floor(length / every) + 1 }, (_, place) => place * every);
}

/** The number that stands for a wake, and what it counts. */
export function clockOf(wake, now) {
  const at = step => wake.steps.find(one => one.step === step)?.at_ms;
  const first = at("held") !== undefined ? "first request" : "RunTask";
  if (wake.phase === "waking") return { millis: now - wake.begun_ms, caption: "since the " + first.replace("RunTask", "RunTask call"), runs: true };
  const answered = at("answered");
  if (answered !== undefined) return { millis: answered - wake.begun_ms, caption: "from " + first + " to first byte", runs: false };
  if (wake.took_ms !== null) return { millis: wake.took_ms, caption: "from " + first + " to ready", runs: false };
  return null;
}
