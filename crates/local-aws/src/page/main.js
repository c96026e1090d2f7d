// The page: hands what local-aws says to the parts that show it.

import { follow } from "./live.js";
import { happened, forget } from "./events.js";
import { showHosts } from "./hosts.js";
import { showLists } from "./lists.js";
import { showWakes, forgetWakes } from "./wake.js";
import { showFaults, useRefresh } from "./faults.js";
import { sorted } from "./sorted.js";
import { byId, say } from "./dom.js";
import { count } from "./words.js";

function shown(world, wakes, faults) {
  const parts = sorted(world, faults);
  showHosts(parts);
  showLists(world, parts);
  showFaults(world, parts, faults);
  say(byId("summary"), [
    count(parts.hosts.length, "host", "hosts"), count(parts.living.length, "task", "tasks"),
    count(world.registrations.length, "registration", "registrations"),
  ].join(" · "));
  return showWakes(wakes, world.proxies ?? []);
}

const live = follow({ shown, happened, forget: () => { forget(); forgetWakes(); } });
useRefresh(live.refresh);
