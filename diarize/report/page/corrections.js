/* What the reader puts right: who, from when to when; with undo, kept in the browser, and told how much it was. */

import { differenceOf } from "./difference.js";
import { turnsOf } from "./model.js";
import { byId, clock, element, percent, tell, two } from "./text.js";

const LEAST = 20; // ms of a turn
const ADDED = 2000; // ms of a new turn
export const NUDGE = 50; // ms by which a key moves a boundary

export class Corrections {
  constructor(model, names, player) {
    Object.assign(this, { model, names, player, past: [], future: [], listeners: [], reviewed: new Set(), kept: true, show: () => {} });
    this.original = this.snapshot();
    this.load();
    window.addEventListener("beforeunload", (event) => {
      if (this.past.length && !this.kept) event.preventDefault();
    });
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  snapshot() {
    const { model, names } = this;
    return { turns: model.turns, given: [...names.given], current: [...names.current], owners: [...model.owners] };
  }

  restore(state) {
    this.names.given = [...state.given];
    this.names.current = [...state.current];
    this.model.names = this.names.given;
    this.model.owners = [...state.owners];
    this.model.setTurns(state.turns);
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener();
    this.names.told();
  }

  /** After a name was settled: what is shown of corrections, and no table is made anew under the typist. */
  renamed() {
    this.show();
  }

  /** Other turns, perhaps other owners of ribbons, as one step that can be undone. */
  apply(says, turns, owners = this.model.owners) {
    this.remember(this.snapshot());
    this.model.owners = owners;
    this.model.setTurns(turns);
    this.changed();
    this.save();
    tell(says);
  }

  /** A state from before something that has happened already, as a new name. */
  remember(state) {
    this.past.push(state);
    this.future = [];
  }

  undo() {
    this.step(this.past, this.future, "undone");
  }

  redo() {
    this.step(this.future, this.past, "done again");
  }

  step(from, to, says) {
    if (!from.length) return;
    to.push(this.snapshot());
    this.restore(from.pop());
    this.save();
    tell(says);
  }

  discard() {
    this.remember(this.snapshot());
    this.restore(this.original);
    this.save();
  }

  get edited() {
    const now = this.snapshot();
    return JSON.stringify([now.turns, now.current, now.owners]) !== JSON.stringify([this.original.turns, this.original.current, this.original.owners]);
  }

  /* Kept in the browser under the recording's key, and in the page that is downloaded */

  get storage() {
    return `diarize:${this.model.key}`;
  }

  save() {
    try {
      if (this.edited) localStorage.setItem(this.storage, JSON.stringify(this.snapshot()));
      else localStorage.removeItem(this.storage);
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }

  load() {
    let found = this.model.edits || null; // those of a page that was downloaded
    try {
      found = JSON.parse(localStorage.getItem(this.storage)) || found;
    } catch {
      this.kept = false;
    }
    if (!isState(found)) return;
    this.remember(this.original);
    this.restore(found);
  }

  /** The state of a file, as one step that can be undone. */
  take(state) {
    this.remember(this.snapshot());
    this.restore(state);
    this.save();
  }

  /* What can be changed */

  /** The name of a speaker who comes in now. */
  newSpeaker() {
    const { names, model } = this;
    let n = 0;
    while (names.given.includes(`SPEAKER_${two(n)}`)) n++;
    names.given.push(`SPEAKER_${two(n)}`);
    names.current.push(`SPEAKER_${two(n)}`);
    model.names = names.given;
    model.owners.push(names.given.length - 1);
    return names.given.length - 1;
  }

  replaced(turn, ...others) {
    return [...this.model.turns.filter((each) => each.index !== turn.index), ...others];
  }

  merge(from, into) {
    const now = (k) => (k === from ? into : k);
    const given = this.model.turns.map((turn) => ({ ...turn, speaker: now(turn.speaker), runnerUp: now(turn.runnerUp) }));
    const turns = joinedTurns(given.map((turn) => (turn.runnerUp === turn.speaker ? { ...turn, runnerUp: null } : turn)));
    const owners = this.model.owners.map((k) => (k === from ? into : k));
    this.apply(`${this.names.of(from)} is ${this.names.of(into)} now`, turns, owners);
  }

  give(turn, speaker) {
    const before = this.snapshot();
    const who = speaker < 0 ? this.newSpeaker() : speaker;
    this.apply(`given to ${this.names.of(who)}`, this.replaced(turn, { ...turn, speaker: who, confidence: null, runnerUp: null }));
    this.past[this.past.length - 1] = before;
  }

  split(turn, ms) {
    if (ms - turn.start < LEAST || turn.end - ms < LEAST) return;
    this.apply("split", this.replaced(turn, { ...turn, end: ms }, { ...turn, start: ms, text: null }));
  }

  remove(turn) {
    this.apply("turn deleted", this.replaced(turn));
  }

  add(ms) {
    const last = this.model.turns.filter((turn) => turn.start <= ms).at(-1) || this.model.turns[0];
    const speaker = last ? last.speaker : this.newSpeaker();
    const end = Math.min(ms + ADDED, Math.round(this.model.end * 1000));
    if (end - ms < LEAST) return;
    this.apply("turn added", [...this.model.turns, { start: ms, end, speaker, confidence: null, runnerUp: null, text: null }]);
  }

  /** Moves one end of a turn to a time, as far as its other end and the recording allow. */
  place(turn, side, ms) {
    const [low, high] = [Math.round(this.model.start * 1000), Math.round(this.model.end * 1000)];
    const moved = side === "start"
      ? { ...turn, start: Math.min(Math.max(ms, low), turn.end - LEAST) }
      : { ...turn, end: Math.max(Math.min(ms, high), turn.start + LEAST) };
    this.apply(`${side} moved`, this.replaced(turn, moved));
  }

  /** The turns that were found for another number of speakers. */
  recount(columns) {
    const before = this.snapshot();
    const place = columns.names.map((name) => {
      const known = this.names.given.indexOf(name);
      if (known >= 0) return known;
      this.names.given.push(name);
      this.names.current.push(name);
      this.model.owners.push(this.names.given.length - 1);
      return this.names.given.length - 1;
    });
    const turns = turnsOf(columns).map((turn) => ({ ...turn, speaker: place[turn.speaker], runnerUp: turn.runnerUp === null ? null : place[turn.runnerUp] }));
    this.apply(`${new Set(turns.map((turn) => turn.speaker)).size} speakers`, turns);
    this.past[this.past.length - 1] = before;
  }

  /** The turn at the cursor, or null. */
  get here() {
    return this.model.at(this.player.time)[0] || null;
  }

  /** The least sure turn that was not looked at yet. */
  nextToReview() {
    const left = this.model.turns.filter((turn) => turn.confidence !== null && !this.reviewed.has(`${turn.start} ${turn.end}`));
    const next = left.sort((a, b) => a.confidence - b.confidence)[0] || null;
    if (next) this.reviewed.add(`${next.start} ${next.end}`);
    return next;
  }

  /** Seconds of speaker time that differ from what was found, and all that were found; names given twice are one. */
  get difference() {
    return differenceOf(this.original.turns, this.model.turns, (k) => this.names.of(k));
  }
}

/** Whether a value out of a file or the browser's memory is what `snapshot` gives. */
export function isState(value) {
  const lists = ["turns", "given", "current", "owners"].every((name) => Array.isArray(value?.[name]));
  if (!lists || value.given.length !== value.current.length) return false;
  const time = (ms) => Number.isInteger(ms) && ms >= 0;
  const known = (k) => Number.isInteger(k) && k >= 0 && k < value.given.length;
  const turn = (each) => time(each?.start) && time(each.end) && each.end > each.start && known(each.speaker);
  return value.turns.every(turn) && value.owners.every(known) && [...value.given, ...value.current].every((name) => typeof name === "string");
}

/** Turns of one speaker that touch or overlap put together, unless something was said in them or they are of several
    channels; what `diarize merge` does (annotation/alternatives.py). */
function joinedTurns(turns) {
  const found = [];
  const last = new Map();
  for (const turn of [...turns].sort((a, b) => a.start - b.start)) {
    const before = last.get(turn.speaker);
    if (before && before.end >= turn.start && before.channel === turn.channel && !before.text && !turn.text) {
      if (turn.end > before.end) before.confidence = null;
      before.end = Math.max(before.end, turn.end);
      before.runnerUp = null;
      continue;
    }
    const own = { ...turn };
    last.set(turn.speaker, own);
    found.push(own);
  }
  return found;
}

/** Buttons, the number of speakers, and the line that says how much was corrected. */
export function correctionsPanel(corrections, model, player, view) {
  const buttons = { undo: () => corrections.undo(), redo: () => corrections.redo(), discard: () => corrections.discard() };
  for (const [id, act] of Object.entries(buttons)) byId(id).addEventListener("click", act);
  byId("review").hidden = !model.sureness;
  byId("review").addEventListener("click", () => reviewNext(corrections, player, view));
  const numbers = Object.keys(model.alternatives || {});
  byId("number-bar").hidden = numbers.length < 2;
  byId("number").replaceChildren(...numbers.map((k) => element("option", { value: k, text: k })));
  byId("number").addEventListener("change", (event) => corrections.recount(model.alternatives[event.target.value]));
  const show = () => {
    byId("undo").disabled = !corrections.past.length;
    byId("redo").disabled = !corrections.future.length;
    byId("discard").disabled = !corrections.edited;
    const { wrong, total } = corrections.difference;
    byId("corrected").textContent = wrong > 0.0005 ? `corrected: ${wrong.toFixed(1)} s of ${clock(total)} (DER ${total ? percent(wrong / total, 1) : "–"})` : "";
    if (numbers.includes(String(model.active.length))) byId("number").value = String(model.active.length);
  };
  corrections.show = show;
  corrections.onChange(show);
  show();
}

export function reviewNext(corrections, player, view) {
  const turn = corrections.nextToReview();
  if (!turn) {
    tell("every turn was looked at");
    return;
  }
  view.reveal(turn.start / 1000);
  player.play(turn.start / 1000);
  tell(`${percent(turn.confidence / 10000)} sure: ${corrections.names.of(turn.speaker)}`);
}
