/* The data of the page, with what makes looking things up quick. Times are seconds of the recording unless a name
   ends in ms; turns keep whole milliseconds. */

import { Said } from "./said.js";

/** Bytes out of base64, by the browser's own decoder where it has one: two hours of sound are long. */
export function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
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
export function after(sorted, x) {
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

  /** Indices of the cells that an interval touches, at least one where there is one. */
  range(from, to) {
    const n = this.values.length;
    const first = Math.floor((from - this.start) / this.step);
    const last = Math.max(first + 1, Math.round((to - this.start) / this.step));
    return [Math.min(Math.max(first, 0), n), Math.min(Math.max(last, 0), n)];
  }

  /** Mean over an interval, 0 to 1. */
  mean(from, to) {
    const [a, b] = this.range(from, to);
    return b > a ? (this.sums[b] - this.sums[a]) / (255 * (b - a)) : 0;
  }

  /** Greatest value over an interval, 0 to 1. */
  peak(from, to) {
    const [a, b] = this.range(from, to);
    let top = 0;
    for (let i = a; i < b; i++) top = Math.max(top, this.values[i]);
    return top / 255;
  }
}

export class Model {
  constructor(data) {
    Object.assign(this, data);
    this.names = data.turns.names;
    this.found = turnsOf(data.turns);
    this.sureness = this.found.some((turn) => turn.confidence !== null);
    this.ribbons = data.ribbons && data.ribbons.shares.map((row) => new Cells(row, data.ribbons.start, data.ribbons.step));
    this.doubt = data.ribbons && new Cells(data.ribbons.doubt, data.ribbons.start, data.ribbons.step);
    this.loudness = data.sound && new Cells(data.sound.loudness, data.sound.start, data.sound.step);
    this.windows = data.outliers && windowsOf(data.outliers);
    this.flagged = (this.windows || []).filter((each) => each.flagged);
    this.owners = data.speakers.map((_, k) => k);
    this.drawnShares = null;
    this.setTurns(this.found);
    this.transcript = data.said && new Said(this);
  }

  /** Other turns, and all that follows from them: what each speaker has, and who follows whom. */
  setTurns(turns) {
    this.turns = [...turns].sort((a, b) => a.start - b.start || a.end - b.end || a.speaker - b.speaker).map((turn, index) => ({ ...turn, index }));
    this.starts = this.turns.map((turn) => turn.start);
    this.longest = this.turns.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0);
    const n = Math.max(this.speakers.length, ...this.turns.map((turn) => turn.speaker + 1));
    for (let k = this.speakers.length; k < n; k++) this.speakers.push({ name: this.names[k], colours: this.palette[k % this.palette.length] });
    this.bySpeaker = this.speakers.map((_, k) => this.turns.filter((turn) => turn.speaker === k));
    const seconds = this.bySpeaker.map((mine) => mine.reduce((sum, turn) => sum + turn.end - turn.start, 0) / 1000);
    const total = seconds.reduce((sum, each) => sum + each, 0);
    this.speakers.forEach((speaker, k) => Object.assign(speaker, { seconds: seconds[k], share: total ? seconds[k] / total : 0, turns: this.bySpeaker[k].length }));
    this.active = this.speakers.map((_, k) => k).filter((k) => this.bySpeaker[k].length);
    this.drawnShares = this.shares;
    this.successions = this.speakers.map(() => this.speakers.map(() => 0));
    for (let i = 1; i < this.turns.length; i++) this.successions[this.turns[i - 1].speaker][this.turns[i].speaker]++;
  }

  /** Ribbons as rows with a mean: those of all who were found and are one speaker now. */
  get shares() {
    if (!this.ribbons) return null;
    return this.speakers.map((_, k) => {
      const mine = this.ribbons.filter((_row, j) => this.owners[j] === k);
      return { mean: (from, to) => mine.reduce((sum, row) => sum + row.mean(from, to), 0) };
    });
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

  /** Uncertainty of an interval: 1 minus the largest posterior, averaged over its speech. */
  doubtIn(from, to) {
    const speech = this.ribbons.reduce((sum, row) => sum + row.mean(from, to), 0);
    return speech > 0 ? Math.min(1, this.doubt.mean(from, to) / speech) : 0;
  }
}

/** Turns out of columns. */
export function turnsOf(column) {
  return column.start.map((start, i) => ({
    start,
    end: column.end[i],
    speaker: column.speaker[i],
    confidence: column.confidence[i],
    runnerUp: column.runnerUp[i],
    text: column.text ? column.text[i] : null,
    channel: column.channel ? column.channel[i] : null,
  }));
}

/** Windows of speech with how many nats each lies below the usual, and whether it is flagged. */
function windowsOf(found) {
  const flagged = new Set(found.flagged);
  return found.start.map((start, i) => ({ start, end: found.end[i], below: found.below[i] / 10, flagged: flagged.has(i) }));
}

/** Flagged windows as intervals, neighbours joined, the least usual first. */
export function flaggedIntervals(flagged) {
  const joined = [];
  for (const each of flagged) {
    const last = joined.at(-1);
    if (last && each.start - last.end < 300) Object.assign(last, { end: each.end, below: Math.max(last.below, each.below) });
    else joined.push({ ...each });
  }
  return joined.sort((a, b) => b.below - a.below);
}
