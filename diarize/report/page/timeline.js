/* The timeline that can be clicked, dragged and zoomed, the strip of the whole below it, and its lines on paper. */

import { drawTimeline, fillBars, FONT, rowsOf, scaleOf, sharpened } from "./drawing.js";
import { byId, clock, element, percent } from "./text.js";
import { colourOf, darkness, stillness, themeNow } from "./theme.js";
import { apart } from "./writers.js";

const WHEEL = 1.0015; // zoom for each px of the wheel
const DRAG = 4; // px from which a press is a drag
const ROOM = 3; // how many times a turn must be as wide as the reach of the pointer for its ends to be taken

export class Timeline {
  constructor(model, names, view, player) {
    Object.assign(this, { model, names, view, player });
    this.box = byId("timeline");
    this.canvas = byId("lanes");
    this.overview = byId("overview");
    this.layout = rowsOf(model);
    this.waiting = false;
    this.fingers = new Map();
    this.onEdge = () => {};
    this.listen();
    view.onChange(() => this.later());
    names.onChange(() => this.relaid());
    player.onChange(() => this.follow());
    darkness.addEventListener("change", () => this.later());
    new ResizeObserver(() => this.later()).observe(this.box);
  }

  /** After other turns: rows may have come or gone. */
  relaid() {
    this.layout = rowsOf(this.model);
    this.later();
  }

  get scale() {
    return scaleOf(this.box.clientWidth, this.view.from, this.view.to);
  }

  /** Draws once, at the next picture, however often it is asked. */
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.box.clientWidth) return;
    const theme = themeNow();
    const context = sharpened(this.canvas, this.box.clientWidth, this.layout.height);
    drawTimeline(context, this.model, this.names, this.layout, this.scale, theme);
    if (this.moved) this.drawMoved(context, theme);
    this.drawOverview(theme);
    this.place();
    Object.assign(this.box.dataset, { from: this.view.from.toFixed(3), to: this.view.to.toFixed(3) });
  }

  /** A frame where the turn would be whose end is dragged now. */
  drawMoved(context, theme) {
    const { turn, side, time } = this.moved;
    const row = this.layout.rows.find((each) => each.k === turn.speaker);
    const [a, b] = [side === "start" ? time : turn.start / 1000, side === "end" ? time : turn.end / 1000].map((each) => Math.max(this.scale.left, this.scale.x(each)));
    context.strokeStyle = theme.ink;
    context.lineWidth = 2;
    context.strokeRect(a, row.top + 2, Math.max(0, b - a), row.height - 4);
    context.lineWidth = 1;
  }

  drawOverview(theme) {
    const [width, height] = [this.box.clientWidth, 30];
    const context = sharpened(this.overview, width, height);
    const all = scaleOf(width, this.view.start, this.view.end);
    context.clearRect(0, 0, width, height);
    context.fillStyle = theme.panel;
    context.fillRect(all.left, 0, width - all.left, height);
    const n = Math.max(1, this.model.active.length);
    const tall = Math.max(1, (height - 8) / n);
    this.model.active.forEach((k, i) => {
      context.fillStyle = colourOf(this.model.speakers[k], theme);
      fillBars(context, this.model.bySpeaker[k], this.model.longest, all, 4 + (i * (height - 8)) / n, Math.max(1, tall - 0.5));
    });
    this.shadeOutside(context, all, height, theme);
  }

  /** What is not shown above is dimmed, and what is has a frame. */
  shadeOutside(context, all, height, theme) {
    const [a, b] = [all.x(this.view.from), all.x(this.view.to)];
    context.fillStyle = theme.page;
    context.globalAlpha = 0.65;
    context.fillRect(all.left, 0, a - all.left, height);
    context.fillRect(b, 0, all.width - b, height);
    context.globalAlpha = 1;
    context.strokeStyle = theme.faint;
    context.lineWidth = 1.5;
    context.strokeRect(a + 0.75, 0.75, Math.max(3, b - a - 1.5), height - 1.5);
    context.lineWidth = 1;
    context.fillStyle = theme.faint;
    context.font = FONT;
    context.textBaseline = "middle";
    context.fillText("whole", 0, height / 2);
  }

  /** Puts the playhead where we are. */
  place() {
    const head = byId("playhead");
    const seen = this.view.holds(this.player.time);
    head.style.visibility = seen ? "visible" : "hidden";
    if (seen) head.style.transform = `translateX(${this.scale.x(this.player.time)}px)`;
  }

  follow() {
    const time = this.player.time;
    if (this.player.playing && byId("follow").checked && !this.held) this.keepInView(time);
    this.place();
  }

  /** Turns the page when the playhead leaves it; glides along when seen from near. */
  keepInView(time) {
    if (this.view.isWhole) return;
    const gliding = this.view.width <= 60 && !stillness.matches;
    if (!this.view.holds(time)) this.view.show(time - this.view.width * 0.1);
    else if (gliding && time > this.view.from + this.view.width / 2) this.view.show(time - this.view.width / 2);
    else if (time > this.view.to - this.view.width * 0.04) this.view.show(time - this.view.width * 0.1);
  }

  listen() {
    const on = (target, name, listener, options) => target.addEventListener(name, listener.bind(this), options);
    on(this.box, "wheel", this.wheel, { passive: false });
    on(this.box, "pointerdown", this.press);
    on(this.box, "pointermove", this.move);
    on(this.box, "pointerup", this.release);
    on(this.box, "pointercancel", this.lift);
    on(this.box, "pointerleave", () => this.point(null));
    on(this.overview, "pointerdown", this.grab);
    on(this.overview, "pointermove", (event) => event.buttons && this.grab(event));
  }

  across(event) {
    return event.clientX - this.box.getBoundingClientRect().left;
  }

  /** Up and down zooms, sideways moves; where there is nothing more to see, the page scrolls. */
  wheel(event) {
    const unit = event.deltaMode ? 16 : 1;
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (this.view.isWhole) return;
      this.view.pan((sideways * unit) / this.scale.perSecond);
    } else {
      if (this.view.isWhole && event.deltaY > 0) return;
      const at = Math.min(Math.max(this.scale.time(this.across(event)), this.view.from), this.view.to);
      this.view.zoom(WHEEL ** (event.deltaY * unit), at);
    }
    event.preventDefault();
  }

  press(event) {
    if (event.button !== 0) return;
    this.fingers.set(event.pointerId, this.across(event));
    this.box.setPointerCapture(event.pointerId);
    if (this.fingers.size === 2) {
      this.held = null;
      this.pinch = { apart: this.apart, width: this.view.width };
      return;
    }
    const edge = this.edgeAt(event);
    this.held = { x: this.across(event), from: this.view.from, dragged: false, edge };
  }

  get apart() {
    const [a, b] = [...this.fingers.values()];
    return Math.max(8, Math.abs(a - b));
  }

  /** The end of a turn under the pointer, in its speaker's row: the turn, and which end. From afar there are none:
      whoever drags there wants to move the view. */
  edgeAt(event) {
    const y = event.clientY - this.box.getBoundingClientRect().top;
    const row = this.layout.rows.find((each) => each.kind === "speaker" && y >= each.top && y < each.top + each.height);
    if (!row) return null;
    const x = this.across(event);
    const reach = event.pointerType === "touch" ? 14 : 5;
    for (const turn of this.model.bySpeaker[row.k]) {
      if ((turn.end - turn.start) * this.scale.perSecond < ROOM * reach * 1000) continue;
      if (Math.abs(this.scale.x(turn.start / 1000) - x) <= reach) return { turn, side: "start" };
      if (Math.abs(this.scale.x(turn.end / 1000) - x) <= reach) return { turn, side: "end" };
    }
    return null;
  }

  move(event) {
    const x = this.across(event);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, x);
    if (this.fingers.size === 2 && this.pinch) {
      const middle = [...this.fingers.values()].reduce((sum, each) => sum + each, 0) / 2;
      const wanted = (this.pinch.width * this.pinch.apart) / this.apart;
      this.view.zoom(wanted / this.view.width, this.scale.time(middle));
      return;
    }
    this.point(x);
    this.box.classList.toggle("edge", Boolean(this.held ? this.held.edge : this.edgeAt(event)));
    if (!this.held) return;
    if (Math.abs(x - this.held.x) >= DRAG) this.held.dragged = true;
    if (!this.held.dragged) return;
    if (this.held.edge) {
      this.moved = { ...this.held.edge, time: this.scale.time(x) };
      this.later();
      byId("readout").textContent = `${this.held.edge.side} at ${clock(this.scale.time(x), true)}`;
      return;
    }
    this.box.classList.add("dragging");
    this.view.show(this.held.from - (x - this.held.x) / this.scale.perSecond);
  }

  lift(event) {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size < 2) this.pinch = null;
    this.held = this.moved = null;
    this.box.classList.remove("dragging");
    this.later();
  }

  release(event) {
    const [held, pinching] = [this.held, this.pinch];
    this.lift(event);
    if (!held || pinching) return;
    if (held.edge && held.dragged) this.onEdge(held.edge, this.scale.time(this.across(event)));
    else if (!held.dragged && held.x >= this.scale.left) this.player.play(this.scale.time(this.across(event)));
  }

  /** Says below the timeline what is under the pointer. */
  point(x) {
    const line = byId("pointer");
    const inside = x !== null && x >= this.scale.left;
    line.style.visibility = inside ? "visible" : "hidden";
    if (!inside) return;
    line.style.transform = `translateX(${x}px)`;
    const time = this.scale.time(x);
    byId("readout").textContent = `${clock(time, true)}  ${whoAt(this.model, this.names, time)}`;
  }

  grab(event) {
    const all = scaleOf(this.box.clientWidth, this.view.start, this.view.end);
    this.view.show(all.time(this.across(event)) - this.view.width / 2);
  }

  /** Zooms about where we are when that is in view, else about the middle. */
  zoomAtHead(factor) {
    const time = this.player.time;
    this.view.zoom(factor, this.view.holds(time) ? time : (this.view.from + this.view.to) / 2);
  }

  /** Draws the whole recording in lines for paper. */
  print() {
    const [width, length] = [1000, this.view.end - this.view.start];
    const lines = Math.min(12, Math.max(1, Math.ceil(length / 600)));
    const each = length / lines;
    byId("print-lines").replaceChildren(...Array.from({ length: lines }, (_, i) => this.printed(width, this.view.start + i * each, each)));
  }

  printed(width, from, length) {
    const canvas = element("canvas");
    canvas.width = 2 * width;
    canvas.height = 2 * this.layout.height;
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    drawTimeline(context, this.model, this.names, this.layout, scaleOf(width, from, from + length), themeNow(true));
    return canvas;
  }
}

/** Who speaks at a time, how surely, and who else it might be. */
export function whoAt(model, names, time) {
  const turns = model.at(time);
  if (!turns.length) return "nobody";
  return turns.map((turn) => describedTurn(turn, names)).join("; ");
}

function describedTurn(turn, names) {
  const sure = turn.confidence === null ? "" : `, ${percent(turn.confidence / 10000)} sure`;
  const rival = turn.runnerUp === null ? "" : `, or ${names.of(turn.runnerUp)}`;
  return `${names.of(turn.speaker)}${sure}${rival}`;
}
