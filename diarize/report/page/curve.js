/* The criterion against the number of speakers, and why the number was taken. */

import { byId, element } from "./text.js";

const PLOT = { width: 480, height: 244, left: 56, right: 16, top: 36, bottom: 38 };

export function curvePanel(curve) {
  if (!curve || curve.counts.length < 1 || curve.chosen === 0) return;
  byId("curve").hidden = false;
  byId("curve-words").textContent = wordsOf(curve);
  if (curve.counts.length > 1) byId("curve-plot").replaceChildren(curvePlot(curve));
}

function wordsOf(curve) {
  const others = curve.equivalent.filter((count) => count !== curve.chosen);
  const near = others.length ? ` ${others.join(" or ")} ${others.length > 1 ? "are" : "is"} nearly as good: listen before you trust the number.` : "";
  const lost = curve.whyNoMore && !others.includes(curve.chosen + 1) ? ` ${curve.whyNoMore}.` : "";
  return `${curve.explanation[0].toUpperCase()}${curve.explanation.slice(1)}.${lost}${near}`;
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
    ...curve.counts.flatMap((count, i) => markOf(curve, count, points[i])),
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
  return curve.counts.filter((count, i) => i % every === 0 || count === curve.chosen).map((count) => element("svg:text", { class: count === curve.chosen ? "label" : null, x: axes.x(count), y: PLOT.height - 20, "text-anchor": "middle", text: String(count) }));
}

function markOf(curve, count, [x, y]) {
  const chosen = count === curve.chosen;
  const near = curve.equivalent.includes(count);
  const last = count === curve.counts.at(-1); // whose words go to the left, where there is room
  const kind = chosen ? "chosen" : near ? "near" : "dot";
  const words = chosen ? "chosen" : near ? "nearly as good" : "";
  const mark = element("svg:circle", { class: kind, cx: x.toFixed(1), cy: y.toFixed(1), r: chosen || near ? 6 : 3 });
  mark.append(element("svg:title", { text: `${count} speakers${words && `: ${words}`}` }));
  return words ? [mark, element("svg:text", { class: chosen ? "label" : null, x: (last ? x + 8 : x + 10).toFixed(1), y: (y + (last ? 20 : chosen ? -2 : 14)).toFixed(1), "text-anchor": last ? "end" : null, text: words })] : [mark];
}
