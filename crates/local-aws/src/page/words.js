// How ids, times, numbers and states are said. No element is touched here.

export const last = text => String(text ?? "").split("/").pop();

/** The beginning of an id, as people compare them. */
export function short(id) {
  const end = last(id);
  return end.length > 20 ? end.slice(0, 8) + "…" : end;
}

export const count = (number, one, many) => number + " " + (number === 1 ? one : many);

/** As much of a text as has room in a list. */
export const brief = text => (text.length > 40 ? text.slice(0, 38) + "…" : text);

/** A length of time: "340 ms", "4.8 s", "2:05 min". */
export function span(millis) {
  if (millis < 995) return Math.round(millis) + " ms";
  const seconds = millis / 1000;
  if (seconds < 99.95) return seconds.toFixed(1) + " s";
  const whole = Math.round(seconds);
  return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0") + " min";
}

/** A moment since local-aws started. */
export function moment(millis) {
  const seconds = millis / 1000, minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(1);
  return minutes > 0 ? minutes + ":" + rest.padStart(4, "0") : rest + " s";
}

/** What a state feels like: good, wait, leave or off. */
export function mood(status) {
  switch (status) {
    case "RUNNING": case "InService": case "ACTIVE": case "awake": return "good";
    case "PROVISIONING": case "PENDING": case "ACTIVATING": case "waking": return "wait";
    case "DEACTIVATING": case "STOPPING": case "DEPROVISIONING": case "DRAINING": case "draining": case "stopping": return "leave";
    case "STOPPED": case "Terminated": case "asleep": return "off";
    default: return /^(Pending|Warmed:Pending|Entering)/.test(status) ? "wait" : /^(Term|Detach)/.test(status) ? "leave" : "off";
  }
}
