// Making and changing elements. Everything that comes from outside is put in as text, never as markup.

export const byId = id => document.getElementById(id);

/** An element with a class and what is in it; what is nothing is left out. */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content.filter(part => part !== null && part !== undefined && part !== ""));
  return made;
}

/** An element of SVG. */
export function drawn(name, attributes = {}, ...content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

/** Sets a text where it is another. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets a class where it is another. */
export function dress(node, className) {
  if (node.className !== className) node.className = className;
}

/**
 * Draws `items` as the children of `parent`. A child is made once for its key by `make(item)`, and told by its `update`
 * only when what it shows has changed: nothing flickers, and who has the focus keeps it.
 */
export function draw(parent, items, keyOf, make) {
  const old = parent.drawn ?? new Map();
  const now = new Map();
  for (const item of items) {
    const key = String(keyOf(item));
    const shown = JSON.stringify(item);
    let child = old.get(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
      child.update?.(item);
      child.shown = shown;
    } else if (child.shown !== shown) {
      if (child.update) {
        child.update(item);
      } else {
        const fresh = make(item);
        fresh.dataset.key = key;
        child.replaceWith(fresh);
        child = fresh;
      }
      child.shown = shown;
    }
    now.set(key, child);
  }
  for (const [key, child] of old) if (!now.has(key)) child.remove();
  let place = parent.firstElementChild;
  for (const child of now.values()) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  parent.drawn = now;
}

const ICONS = {
  shield: "M8 1l6 2.2v4.3c0 3.6-2.5 6.4-6 7.5-3.5-1.1-6-3.9-6-7.5V3.2z",
  record: "M2 5h9M8 2l3 3-3 3M14 11H5M8 8l-3 3 3 3",
};

/** A small picture beside words that say the same. */
export function icon(name, filled = false) {
  const path = drawn("path", { d: ICONS[name], fill: filled ? "currentColor" : "none", stroke: "currentColor", "stroke-width": "1.3" });
  return drawn("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}
