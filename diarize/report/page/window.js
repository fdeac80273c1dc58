/* The part of the recording that the timeline shows. */

const CLOSEST = 0.5; // seconds across the timeline

export class TimeWindow {
  constructor(start, end) {
    Object.assign(this, { start, end, from: start, to: end });
    this.listeners = [];
  }

  get width() {
    return this.to - this.from;
  }

  get isWhole() {
    return this.width >= this.end - this.start - 1e-6;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** Shows from a time on, `width` seconds, as far as the recording goes. */
  show(from, width = this.width) {
    const whole = this.end - this.start;
    const kept = Math.min(Math.max(width, Math.min(CLOSEST, whole)), whole);
    this.from = Math.min(Math.max(from, this.start), this.end - kept);
    this.to = this.from + kept;
    for (const listener of this.listeners) listener();
  }

  /** A larger factor shows more; the time `at` keeps its place. */
  zoom(factor, at) {
    const width = Math.min(Math.max(this.width * factor, CLOSEST), this.end - this.start);
    this.show(at - ((at - this.from) * width) / this.width, width);
  }

  pan(seconds) {
    this.show(this.from + seconds);
  }

  whole() {
    this.show(this.start, this.end - this.start);
  }

  holds(time) {
    return time >= this.from && time <= this.to;
  }

  /** Brings a time into view, a fifth from the left, when it is not. */
  reveal(time) {
    if (!this.holds(time)) this.show(time - this.width / 5);
  }
}
