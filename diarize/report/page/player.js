/* Where we are in the recording, and its sound where there is one. */

import { bytesOf } from "./model.js";
import { byId, whenWhole } from "./text.js";

export class Player {
  constructor(model, audio) {
    this.audio = audio;
    this.offset = model.sound ? model.sound.offset : 0;
    this.start = model.start;
    this.end = model.end;
    this.position = model.start;
    this.hasSound = Boolean(model.sound);
    this.failed = false;
    this.listeners = [];
    this.wanted = false; // whether to play as soon as the sound is there
    if (this.hasSound) whenWhole(() => setTimeout(() => this.open(model.sound.link))); // the page first
  }

  open(link) {
    this.audio.src = link || URL.createObjectURL(new Blob([bytesOf(byId("sound").textContent)], { type: "audio/mpeg" }));
    this.audio.addEventListener("error", () => this.fail(link));
    for (const name of ["play", "pause", "ended", "seeked"]) this.audio.addEventListener(name, () => this.changed());
    this.audio.addEventListener("play", () => this.run());
    if (this.wanted) this.play();
  }

  fail(link) {
    this.failed = true;
    this.reason = link
      ? "The recording was not found; the page and the recording must stay in the same folders relative to each other."
      : "This browser cannot play the sound in this page (MP3).";
    this.changed();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  get playing() {
    return this.hasSound && !this.audio.paused && !this.audio.ended;
  }

  get time() {
    return this.playing ? this.audio.currentTime + this.offset : this.position;
  }

  seek(time) {
    this.position = Math.min(Math.max(time, this.start), this.end);
    if (this.hasSound && !this.failed && this.audio.src) this.audio.currentTime = Math.max(0, this.position - this.offset);
    this.changed();
  }

  play(time = this.position) {
    this.seek(time >= this.end - 0.05 ? this.start : time);
    this.wanted = this.hasSound && !this.audio.src;
    if (this.hasSound && !this.failed && !this.wanted) this.audio.play().catch(() => this.changed());
  }

  pause() {
    this.position = this.time;
    this.wanted = false;
    this.audio.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** While playing, tells the listeners at every picture. */
  run() {
    if (!this.playing) return;
    this.position = Math.min(this.audio.currentTime + this.offset, this.end);
    this.changed();
    requestAnimationFrame(() => this.run());
  }
}
