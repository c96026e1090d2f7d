// Draws one half of a wake's time line as SVG, to the width it has.

import { drawn } from "./dom.js";
import { span } from "./words.js";
import { ticks } from "./wake_steps.js";

const ROW = 27, BAND = 58, AXIS = 24, RIGHT = 64, BAR = 9;

const text = (x, y, className, words, anchor = "start") => drawn("text", { x, y, class: className, "text-anchor": anchor }, words);

/** Draws `rows` from `begun` to `end`; `band` are the held callers, `most` the most of them. */
export function drawLine(svg, { rows, begun, end, runs, band, most, narrow }) {
  const width = svg.parentElement.clientWidth;
  if (width === 0) return;
  const left = narrow ? 122 : 168;
  const length = Math.max(end - begun, 1000) * (runs ? 1.12 : 1);
  const plot = Math.max(80, width - left - RIGHT);
  const x = at => left + Math.max(0, Math.min(1, (at - begun) / length)) * plot;
  const top = band.length ? BAND : 6;
  const height = top + rows.length * ROW + AXIS;
  const parts = [];

  for (const tick of ticks(length, Math.max(2, Math.floor(plot / 80)))) {
    const at = left + (tick / length) * plot;
    parts.push(drawn("line", { x1: at, x2: at, y1: 4, y2: height - AXIS, class: "grid" }));
    parts.push(text(at, height - 7, "tick", tick === 0 ? "0" : span(tick).replace(".0 s", " s"), tick === 0 ? "start" : "middle"));
  }
  if (band.length) parts.push(...bandParts(band, x, most, left, begun));
  rows.forEach((row, place) => parts.push(...rowParts(row, place, top + place * ROW + ROW / 2, x, left, plot)));
  if (runs) parts.push(drawn("line", { x1: x(end), x2: x(end), y1: 2, y2: height - AXIS, class: "now" }));

  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("viewBox", "0 0 " + width + " " + height);
  svg.replaceChildren(...parts);
}

function bandParts(band, x, most, left, begun) {
  const floor = BAND - 8, tall = BAND - 26;
  const y = held => floor - (most ? held / most : 0) * tall;
  let path = "M" + x(Math.max(begun, band[0].at)) + " " + floor, before = band[0].held;
  for (const { at, held } of band) {
    path += " L" + x(at) + " " + y(before) + " L" + x(at) + " " + y(held);
    before = held;
  }
  const end = x(band.at(-1).at);
  const area = path + " L" + end + " " + floor + " Z";
  const peak = band.find(one => one.held === Math.max(...band.map(two => two.held)));
  return [
    text(0, floor - 8, "label", "Callers held"),
    drawn("path", { d: area, class: "band" }),
    drawn("path", { d: path, class: "band-edge" }),
    text(Math.max(left, x(peak.at)), y(peak.held) - 6, "held", String(peak.held)),
  ];
}

function rowParts(row, place, middle, x, left, plot) {
  const from = x(row.from), to = x(row.to);
  const length = row.to - row.from;
  const parts = [
    text(0, middle + 4, row.pending ? "label soft" : "label", row.label),
    drawn("line", { x1: left, x2: left + plot, y1: middle, y2: middle, class: "rail" }),
    drawn("rect", { x: from, y: middle - BAR / 2, width: Math.max(0, to - from), height: BAR, rx: BAR / 2, class: "bar " + row.whose + (row.pending ? " pending" : "") }),
  ];
  if (!row.pending) parts.push(drawn("circle", { cx: to, cy: middle, r: 5, class: "point " + row.whose }));
  parts.push(text(to + 11, middle + 4, "took", place === 0 || (length === 0 && !row.pending) ? "" : span(length)));
  return parts;
}
