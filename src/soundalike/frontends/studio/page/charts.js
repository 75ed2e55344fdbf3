// Small pictures of figures. Each says in words what it shows.
import { count, h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 140;
const EDGE = 4;

function s(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// A line through `points`, [x, y] each, with the least and the most of both beside it; `words` is what it shows.
export function lineChart(points, words, unit) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const label = (text) => h("span", { class: "faint" }, text);
  return h("div", { class: "chart" },
    h("div", { class: "most" }, label(Math.max(...ys).toFixed(2)), label(Math.min(...ys).toFixed(2))),
    drawn(points, words),
    h("div", { class: "along" }, label(`${unit} ${count(Math.min(...xs))}`), label(`${unit} ${count(Math.max(...xs))}`)));
}

// Each value, the mean of it and the `points.length / 10` before it, so that a trend can be seen in what jumps.
export function smoothed(points) {
  const width = Math.ceil(points.length / 10);
  return points.map(([x], at) => {
    const some = points.slice(Math.max(0, at - width + 1), at + 1);
    return [x, some.reduce((sum, [, y]) => sum + y, 0) / some.length];
  });
}

function drawn(points, words) {
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words });
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const place = (value, values, size) => EDGE + ((value - Math.min(...values)) / (Math.max(...values) - Math.min(...values) || 1)) * (size - 2 * EDGE);
  const line = points.map(([x, y]) => `${place(x, xs, WIDTH).toFixed(1)},${(HEIGHT - place(y, ys, HEIGHT)).toFixed(1)}`).join(" ");
  svg.append(s("polyline", { points: line, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" }));
  return svg;
}
