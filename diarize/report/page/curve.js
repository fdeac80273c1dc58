/* The criterion against the number of speakers, and why the number was taken. */

import { byId, element } from "./text.js";

const PLOT = { width: 480, height: 248, left: 56, right: 16, top: 36, bottom: 42 };
const MARK_WORDS = { chosen: "chosen", near: "nearly as good", dot: "" };

export function curvePanel(curve) {
  if (!curve || curve.counts.length < 1 || curve.chosen === 0) return;
  byId("curve").hidden = false;
  byId("curve-words").textContent = wordsOf(curve);
  if (curve.counts.length > 1) byId("curve-plot").replaceChildren(curvePlot(curve));
}

function wordsOf(curve) {
  const others = curve.equivalent.filter((count) => count !== curve.chosen);
  const lost = curve.whyNoMore ? ` ${curve.whyNoMore}.` : "";
  const doubt = others.length && !others.includes(curve.chosen + 1) ? " Listen before you trust the number." : "";
  return `${curve.explanation[0].toUpperCase()}${curve.explanation.slice(1)}.${lost}${doubt}`;
}

/** Where counts and nats go in the plot; far nats are squeezed by a square root, so that the best stay apart. */
function axesOf(curve) {
  const [low, high] = [Math.min(...curve.counts), Math.max(...curve.counts)];
  const most = Math.max(...curve.behind, 1);
  const width = PLOT.width - PLOT.left - PLOT.right;
  const tall = PLOT.height - PLOT.top - PLOT.bottom;
  return {
    x: (count) => PLOT.left + ((count - low + 0.5) * width) / (high - low + 1),
    y: (nats) => PLOT.top + tall * Math.sqrt(Math.max(0, nats) / most),
    most,
  };
}

function curvePlot(curve) {
  const axes = axesOf(curve);
  const points = curve.counts.map((count, i) => [axes.x(count), axes.y(curve.behind[i])]);
  const title = `${curve.criterion}: ${curve.counts.map((count, i) => `${count}: ${curve.behind[i].toFixed(0)} nats behind`).join(", ")}`;
  return element(
    "svg:svg",
    { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", "aria-label": `Nats behind the best by number of speakers. ${title}. Chosen: ${curve.chosen}.` },
    ...ticksOf(axes),
    element("svg:polyline", { class: "trace", points: points.map((point) => point.map((p) => p.toFixed(1)).join(",")).join(" ") }),
    ...curve.counts.map((count, i) => markOf(curve, count, points[i])),
    ...marksExplained(curve),
    ...countsOf(curve, axes),
    element("svg:text", { x: PLOT.left, y: 12, text: "nats behind the best (square-root scale)" }),
    element("svg:text", { x: PLOT.width - PLOT.right, y: PLOT.height - 4, "text-anchor": "end", text: "speakers" }),
  );
}

function ticksOf(axes) {
  const round = 10 ** Math.floor(Math.log10(axes.most));
  const values = [0, 0.1, 0.25, 0.5, 1].map((part) => Math.round((part * axes.most) / (round / 10)) * (round / 10));
  return [...new Set(values)].filter((value) => value <= axes.most).flatMap((value) => {
    const y = axes.y(value).toFixed(1);
    return [
      element("svg:line", { class: "grid", x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: y, y2: y }),
      element("svg:text", { x: PLOT.left - 8, y, "text-anchor": "end", "dominant-baseline": "central", text: String(+value.toPrecision(3)) }),
    ];
  });
}

function countsOf(curve, axes) {
  const every = Math.ceil(curve.counts.length / 14);
  return curve.counts.filter((count, i) => i % every === 0 || count === curve.chosen).map((count) => element("svg:text", { class: count === curve.chosen ? "label" : null, x: axes.x(count), y: PLOT.height - 24, "text-anchor": "middle", text: String(count) }));
}

function markOf(curve, count, [x, y]) {
  const kind = kindOf(curve, count);
  const mark = element("svg:circle", { class: kind, cx: x.toFixed(1), cy: y.toFixed(1), r: kind === "dot" ? 3 : 6 });
  mark.append(element("svg:title", { text: `${count} speakers${MARK_WORDS[kind] && `: ${MARK_WORDS[kind]}`}` }));
  return mark;
}

function kindOf(curve, count) {
  if (count === curve.chosen) return "chosen";
  return curve.equivalent.includes(count) ? "near" : "dot";
}

/** What the large marks mean, below the plot, where no mark can be. */
function marksExplained(curve) {
  const kinds = ["chosen", "near"].filter((kind) => curve.counts.some((count) => kindOf(curve, count) === kind));
  return kinds.flatMap((kind, i) => {
    const [x, y] = [PLOT.left + 7 + 86 * i, PLOT.height - 4];
    return [
      element("svg:circle", { class: kind, cx: x, cy: y - 4, r: 6 }),
      element("svg:text", { x: x + 12, y, text: MARK_WORDS[kind] }),
    ];
  });
}
