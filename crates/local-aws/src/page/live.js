// What keeps the page true: the event stream, and asking for the world again when something happened.

import { byId, say, dress } from "./dom.js";

const SHORTEST = 150;       // from one look at the world to the next, in milliseconds
const WITHOUT_CAUSE = 5000; // a look without anything having happened
const UNDER_WAY = 500;      // a look while a wake is under way: the callers held are no event

/** Follows local-aws. `shown(world, wakes, faults)` and `happened(events)` are told what it says; `forget()` that it began anew. */
export function follow({ shown, happened, forget }) {
  let asking = false, again = false, urgent = false, life = null, read = 0, source = null;

  async function json(path) {
    const answer = await fetch(path, { cache: "no-store" });
    if (!answer.ok) throw new Error(path + " answered " + answer.status);
    return answer.json();
  }

  // One look at a time. The larger the world, the rarer the looks.
  async function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    const begun = performance.now();
    try {
      const [world, wakes, { faults }] = await Promise.all([json("/_world"), json("/_wakes"), json("/_faults")]);
      if (life !== null && life !== wakes.started_ms) {
        life = wakes.started_ms;
        read = 0;
        forget();
        connect();
      }
      life = wakes.started_ms;
      urgent = shown(world, wakes, faults);
      link(true);
    } catch (error) {
      // That it has gone the stream says; anything else somebody may want to know.
      if (!(error instanceof TypeError)) console.warn(error);
    }
    setTimeout(() => { asking = false; if (again) { again = false; refresh(); } }, Math.max(SHORTEST, 4 * (performance.now() - begun)));
  }

  function link(live) {
    dress(byId("link"), live ? "live" : "lost");
    say(byId("link"), live ? "live" : "local-aws does not answer, trying again");
    document.body.classList.toggle("stale", !live);
  }

  function connect() {
    source?.close();
    const mine = new EventSource("/_events?after=" + read);
    source = mine;
    mine.onopen = refresh;
    mine.onmessage = message => {
      let event;
      try { event = JSON.parse(message.data); } catch { return; }
      read = Math.max(read, event.id);
      happened(event);
      if (event.kind !== "log") refresh();
    };
    mine.onerror = () => {
      mine.close();
      if (source !== mine) return;
      link(false);
      setTimeout(() => { if (source === mine) connect(); }, 1000);
    };
  }

  setInterval(() => { if (urgent) refresh(); }, UNDER_WAY);
  setInterval(refresh, WITHOUT_CAUSE);
  refresh();
  connect();
  return { refresh };
}
