const text = (node, selector) => node.querySelector(selector)?.textContent ?? "";
const sorted = list => list.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const tasks = [...document.querySelectorAll(".slot:not(.empty)")].map(slot => ({
  id: slot.dataset.key.split("/").pop(),
  host: slot.closest("#hosts > li")?.dataset.key ?? null,
  status: text(slot, ".pill"),
  stops: text(slot, ".states .soft") === "wanted: STOPPED",
  name: text(slot, ".name"),
  records: sorted([...slot.querySelectorAll(".records li")].map(record => record.textContent)),
}));
const hosts = [...document.querySelectorAll("#hosts > li")].map(box => ({
  id: text(box, "h3"),
  status: text(box, ".pill"),
  protected: text(box, ".shield") === "protected from scale-in",
}));
const steps = [...document.querySelectorAll("#wake-steps li, #sleep-steps li")].map(step => step.dataset.step);
const groups = [...document.querySelectorAll("#groups > li .what")].map(what => parseInt(what.textContent));
return { tasks: sorted(tasks), hosts: sorted(hosts), steps: steps.sort(), groups,
  orphans: document.querySelectorAll("#orphans > li").length,
  queue: document.querySelectorAll("#waiting > li").length };
