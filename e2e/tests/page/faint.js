const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
const light = ([r, g, b]) => { const part = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = node => { const layers = [];
  for (let at = node; at; at = at.parentElement) { const c = rgba(getComputedStyle(at).backgroundColor); layers.push(c); if (c[3] === 1) break; }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]); };
const faint = [];
const look = (node, colour, least) => { const back = behind(node); const have = ratio(over(rgba(colour), back), back);
  if (have < least) faint.push((node.id || node.getAttribute("class") || node.tagName) + " " + node.textContent.slice(0, 20) + " " + have.toFixed(2)); };
let looked = 0;
for (const node of document.querySelectorAll("body *")) {
  if (!node.checkVisibility({ visibilityProperty: true }) || node.closest(".unseen, .skip, [aria-hidden] :not(text):not(.bar):not(.point)")) continue;
  const style = getComputedStyle(node);
  if (node.matches("svg .bar, svg .point")) { if (!node.matches(".pending")) look(node, style.fill, 3); looked++; continue; }
  if (![...node.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
  if (node.matches("option, script, title")) continue;
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && +style.fontWeight >= 700);
  look(node, node instanceof SVGElement ? style.fill : style.color, large ? 3 : 4.5);
  looked++;
}
return { looked, faint };
