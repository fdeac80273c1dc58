"use strict";
/* The data of the page, with what makes looking things up quick. Times are seconds of the recording unless a name
   ends in ms; turns keep whole milliseconds. */

function bytesOf(text) {
  const chars = atob(text);
  const bytes = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i++) bytes[i] = chars.charCodeAt(i);
  return bytes;
}

/** Running sums: sums[i] is that of the first i values. */
function runningSums(bytes) {
  const sums = new Float64Array(bytes.length + 1);
  for (let i = 0; i < bytes.length; i++) sums[i + 1] = sums[i] + bytes[i];
  return sums;
}

/** The first index of a sorted list whose value is above `x`. */
function after(sorted, x) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A row of cells from `start` on, each `step` seconds and 0 to 255. */
class Cells {
  constructor(text, start, step) {
    this.start = start;
    this.step = step;
    this.values = bytesOf(text);
    this.sums = runningSums(this.values);
  }

  /** Indices of the cells that a stretch of time touches, at least one where there is one. */
  range(from, to) {
    const n = this.values.length;
    const first = Math.floor((from - this.start) / this.step);
    const last = Math.max(first + 1, Math.round((to - this.start) / this.step));
    return [Math.min(Math.max(first, 0), n), Math.min(Math.max(last, 0), n)];
  }

  /** Mean over a stretch of time, 0 to 1. */
  mean(from, to) {
    const [a, b] = this.range(from, to);
    return b > a ? (this.sums[b] - this.sums[a]) / (255 * (b - a)) : 0;
  }

  /** Greatest value over a stretch of time, 0 to 1. */
  peak(from, to) {
    const [a, b] = this.range(from, to);
    let top = 0;
    for (let i = a; i < b; i++) top = Math.max(top, this.values[i]);
    return top / 255;
  }
}

class Model {
  constructor(data) {
    Object.assign(this, data);
    const column = data.turns;
    this.names = column.names;
    this.turns = column.start.map((start, i) => ({
      index: i,
      start,
      end: column.end[i],
      speaker: column.speaker[i],
      confidence: column.confidence[i],
      runnerUp: column.runnerUp[i],
    }));
    this.starts = column.start;
    this.longest = this.turns.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0);
    this.bySpeaker = data.speakers.map((_, k) => this.turns.filter((turn) => turn.speaker === k));
    this.sureness = column.confidence.some((c) => c !== null);
    this.shares = data.ribbons && data.ribbons.shares.map((row) => new Cells(row, data.ribbons.start, data.ribbons.step));
    this.doubt = data.ribbons && new Cells(data.ribbons.doubt, data.ribbons.start, data.ribbons.step);
    this.loudness = data.sound && new Cells(data.sound.loudness, data.sound.start, data.sound.step);
    this.windows = data.outliers && windowsOf(data.outliers);
    this.flagged = (this.windows || []).filter((each) => each.flagged);
  }

  /** Turns that hold a time. */
  at(seconds) {
    const ms = seconds * 1000;
    const found = [];
    for (let i = after(this.starts, ms) - 1; i >= 0 && this.starts[i] >= ms - this.longest; i--) {
      if (this.turns[i].end > ms) found.unshift(this.turns[i]);
    }
    return found;
  }

  /** How unsure a stretch is: what the likeliest speaker lacks to 1, over its speech. */
  doubtIn(from, to) {
    const speech = this.shares.reduce((sum, row) => sum + row.mean(from, to), 0);
    return speech > 0 ? Math.min(1, this.doubt.mean(from, to) / speech) : 0;
  }
}

/** Windows of speech with how many nats each lies below the usual, and whether it is flagged. */
function windowsOf(found) {
  const flagged = new Set(found.flagged);
  return found.start.map((start, i) => ({ start, end: found.end[i], below: found.below[i] / 10, flagged: flagged.has(i) }));
}

/** Flagged windows as stretches, neighbours joined, the least usual first. */
function stretchesOf(flagged) {
  const joined = [];
  for (const each of flagged) {
    const last = joined.at(-1);
    if (last && each.start - last.end < 300) Object.assign(last, { end: each.end, below: Math.max(last.below, each.below) });
    else joined.push({ ...each });
  }
  return joined.sort((a, b) => b.below - a.below);
}
