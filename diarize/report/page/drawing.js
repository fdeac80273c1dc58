/* The timeline on a canvas. A row a speaker: the pale bar says whose turn it is, the ribbon in it how probable that
   is (its height is the mean posterior, or, from afar, the share of the time). */

import { after } from "./model.js";
import { clock } from "./text.js";
import { colourOf } from "./theme.js";
import { UNPRINTABLE } from "./writers.js";

const RULER = 22;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
export const FONT = "12px system-ui, sans-serif";

/** Rows from top to bottom with their heights in px. */
export function rowsOf(model) {
  const lane = Math.max(15, Math.min(34, 420 / Math.max(1, model.active.length)));
  const rows = [];
  if (model.loudness) rows.push({ kind: "loudness", height: 34, label: "loudness" });
  model.active.forEach((k) => rows.push({ kind: "speaker", height: lane, k, speaker: model.speakers[k] }));
  if (!model.active.length) rows.push({ kind: "nobody", height: 30, label: "nobody speaks" });
  if (model.doubt) rows.push({ kind: "doubt", height: 26, label: "doubt" });
  if (model.flagged.length) rows.push({ kind: "outliers", height: 24, label: "unusual" });
  let top = RULER;
  for (const row of rows) {
    row.top = top;
    top += row.height;
  }
  return { rows, height: top + 2 };
}

const gutterOf = (width) => Math.round(Math.min(170, Math.max(76, width * 0.16)));

/** What a drawing needs: where time is across, and how to get from one to the other. */
export function scaleOf(width, from, to) {
  const left = gutterOf(width);
  const perSecond = (width - left) / (to - from);
  return { left, width, from, to, perSecond, x: (time) => left + (time - from) * perSecond, time: (x) => from + (x - left) / perSecond };
}

export function drawTimeline(context, model, names, layout, scale, theme) {
  context.clearRect(0, 0, scale.width, layout.height);
  context.font = FONT;
  context.textBaseline = "middle";
  drawRuler(context, layout, scale, theme);
  context.save();
  context.beginPath();
  context.rect(scale.left, 0, scale.width - scale.left, layout.height);
  context.clip();
  for (const row of layout.rows) DRAWN[row.kind](context, model, row, scale, theme);
  context.restore();
  for (const row of layout.rows) drawLabel(context, names, row, scale, theme);
}

function drawRuler(context, layout, scale, theme) {
  const step = STEPS.find((each) => each * scale.perSecond >= 74) || STEPS.at(-1);
  context.textAlign = "left";
  for (let i = Math.ceil(scale.from / step - 1e-9); i * step <= scale.to; i++) {
    const x = Math.round(scale.x(i * step)) + 0.5;
    context.strokeStyle = theme.line;
    context.beginPath();
    context.moveTo(x, RULER - 4);
    context.lineTo(x, layout.height);
    context.stroke();
    const text = clock(i * step, step < 1);
    context.fillStyle = theme.faint;
    if (x + context.measureText(text).width + 4 < scale.width) context.fillText(text, x + 4, RULER / 2);
  }
}

function drawLabel(context, names, row, scale, theme) {
  const middle = row.top + row.height / 2;
  context.textAlign = "left";
  context.fillStyle = row.kind === "speaker" ? theme.ink : theme.faint;
  if (row.kind === "speaker") {
    context.fillStyle = colourOf(row.speaker, theme);
    context.fillRect(0, middle - 5, 10, 10);
    context.fillStyle = theme.ink;
  }
  const text = row.kind === "speaker" ? names.of(row.k) : row.label;
  const x = row.kind === "speaker" ? 16 : 0;
  context.fillText(shortened(context, text, scale.left - x - 10), x, middle);
}

/** A text on one line, cut in the middle, where names differ least. */
function shortened(context, text, width) {
  const chars = Array.from(text.replace(UNPRINTABLE, " "));
  if (context.measureText(chars.join("")).width <= width) return chars.join("");
  for (let kept = chars.length - 1; kept > 1; kept--) {
    const head = Math.ceil(kept / 2);
    const tried = `${chars.slice(0, head).join("")}…${chars.slice(chars.length - (kept - head)).join("")}`;
    if (context.measureText(tried).width <= width) return tried;
  }
  return "…";
}

/** Bars of a list with start and end in ms, neighbours closer than a dot drawn as one. */
export function fillBars(context, bars, longest, scale, top, height) {
  const starts = bars.starts || (bars.starts = bars.map((bar) => bar.start));
  const first = Math.max(0, after(starts, scale.from * 1000 - longest) - 1);
  let [left, right] = [NaN, NaN];
  const flush = () => right >= left && context.fillRect(left, top, Math.max(1, right - left), height);
  for (let i = first; i < bars.length && starts[i] <= scale.to * 1000; i++) {
    const [a, b] = [scale.x(bars[i].start / 1000), scale.x(bars[i].end / 1000)];
    if (a <= right + 0.25) right = Math.max(right, b);
    else {
      flush();
      [left, right] = [a, b];
    }
  }
  flush();
}

function drawSpeaker(context, model, row, scale, theme) {
  const middle = row.top + row.height / 2;
  const tall = row.height * 0.76;
  context.fillStyle = theme.line;
  context.fillRect(scale.left, Math.round(middle), scale.width, 1);
  context.fillStyle = colourOf(row.speaker, theme);
  const shares = model.drawnShares;
  context.globalAlpha = shares ? 0.3 : 1;
  fillBars(context, model.bySpeaker[row.k], model.longest, scale, middle - tall / 2, tall);
  context.globalAlpha = 1;
  if (shares) fillRibbon(context, scale, (a, b) => shares[row.k].mean(a, b), middle, tall);
}

/** A ribbon about a middle line whose height at every dot is `value` of the time under it. */
function fillRibbon(context, scale, value, middle, tall) {
  context.beginPath();
  for (let x = scale.left; x < scale.width; x++) {
    const height = tall * value(scale.time(x), scale.time(x + 1));
    if (height > 0.3) context.rect(x, middle - height / 2, 1, height);
  }
  context.fill();
}

function drawLoudness(context, model, row, scale, theme) {
  context.fillStyle = theme.faint;
  context.globalAlpha = 0.55;
  fillRibbon(context, scale, (a, b) => model.loudness.peak(a, b), row.top + row.height / 2, row.height * 0.8);
  context.globalAlpha = 1;
}

function fillColumns(context, scale, row, value) {
  const [bottom, tall] = [row.top + row.height - 3, row.height - 7];
  context.beginPath();
  for (let x = scale.left; x < scale.width; x++) {
    const height = tall * Math.min(1, value(scale.time(x), scale.time(x + 1)));
    if (height > 0.3) context.rect(x, bottom - height, 1, height);
  }
  context.fill();
  context.fillRect(scale.left, bottom, scale.width, 0.5);
}

/** Full height is one half, as likely somebody else as not; a square root, so that little doubt shows from afar. */
function drawDoubt(context, model, row, scale, theme) {
  context.fillStyle = theme.ink;
  context.globalAlpha = 0.75;
  fillColumns(context, scale, row, (a, b) => Math.sqrt(2 * model.doubtIn(a, b)));
  context.globalAlpha = 1;
}

/** A line under all of it, and a mark as high as the row is where a window is flagged. */
function drawOutliers(context, model, row, scale, theme) {
  const longest = Math.max(...model.flagged.map((each) => each.end - each.start));
  context.fillStyle = theme.line;
  context.fillRect(scale.left, row.top + row.height / 2, scale.width, 1);
  context.fillStyle = theme.ink;
  fillBars(context, model.flagged, longest, scale, row.top + 5, row.height - 10);
}

const DRAWN = { speaker: drawSpeaker, loudness: drawLoudness, doubt: drawDoubt, outliers: drawOutliers, nobody: () => {} };

/** A canvas as sharp as the display, `height` px high and as wide as it is; its context in px. */
export function sharpened(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
