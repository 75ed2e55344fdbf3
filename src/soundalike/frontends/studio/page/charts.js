// Small pictures of figures. Each says in words what it shows.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 140;
const EDGE = 4;

function s(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// A line through `points`, [x, y] each; `words` is what it shows.
export function lineChart(points, words) {
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words });
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const place = (value, values, size) => EDGE + ((value - Math.min(...values)) / (Math.max(...values) - Math.min(...values) || 1)) * (size - 2 * EDGE);
  const line = points.map(([x, y]) => `${place(x, xs, WIDTH).toFixed(1)},${(HEIGHT - place(y, ys, HEIGHT)).toFixed(1)}`).join(" ");
  svg.append(s("polyline", { points: line, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" }));
  return svg;
}
