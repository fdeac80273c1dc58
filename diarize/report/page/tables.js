/* Tables: speakers, who follows whom, turns; and the list of unusual intervals. */

import { flaggedIntervals } from "./model.js";
import { byId, clock, element, percent } from "./text.js";

const PAGE = 100; // turns shown at a time
const LISTED = 60; // unusual intervals

const LEFT = ["name", "start", "speaker", "runner-up"]; // columns of texts
const WIDE = ["share of talk", "turns", "mean turn", "runner-up"]; // columns that a narrow screen has no room for

const head = (...texts) => element("thead", {}, element("tr", {}, ...texts.map((text) => element("th", { scope: "col", class: [LEFT.includes(text) && "left", WIDE.includes(text) && "wide"].filter(Boolean).join(" ") || null, text }))));

/** Gives an element a speaker's colours, of which the style takes that of the theme. */
function coloured(made, speaker) {
  made.style.setProperty("--light", speaker.colours[0]);
  made.style.setProperty("--dark", speaker.colours[1]);
  return made;
}

/** A mark in a speaker's colour. */
export const swatch = (speaker) => coloured(element("span", { class: "swatch", "aria-hidden": "true" }), speaker);

/** A button that plays from a time. */
export function timeButton(ms, player, view) {
  const time = ms / 1000;
  const play = () => {
    view.reveal(time);
    player.play(time);
  };
  return element("button", { type: "button", class: "time", "aria-label": `Go to ${clock(time, true)}`, text: clock(time, true), onclick: play });
}

/* Speakers */

export function speakerTable(model, names, corrections) {
  const rows = model.active.map((k) => speakerRow(model, names, corrections, model.speakers[k], k));
  const total = model.speakers.reduce((sum, speaker) => sum + speaker.seconds, 0);
  const n = model.speakers.reduce((sum, speaker) => sum + speaker.turns, 0);
  const foot = element("tfoot", {}, row("th", "all", clock(total), ["", "wide"], [String(n), "wide"], [n ? `${(total / n).toFixed(1)} s` : "", "wide"], ...(model.sureness ? [""] : [])));
  const columns = ["name", "time", "share of talk", "turns", "mean turn", ...(model.sureness ? ["sure"] : []), ""];
  byId("speaker-table").replaceChildren(head(...columns), element("tbody", {}, ...rows), foot);
  warnOfShared(model, names);
}

/** Names wherever one is shown, after one has changed: `data-speaker` says whose it is. */
export function renameShown(names) {
  for (const each of document.querySelectorAll("option[data-speaker], .name[data-speaker]")) {
    const name = names.of(Number(each.dataset.speaker));
    if (each.textContent !== name) each.textContent = name;
  }
}

/** A speaker's name in a text. */
export const nameOf = (names, k) => element("span", { class: "name", "data-speaker": String(k), text: names.of(k) });

/** A speaker in a menu. */
const optionOf = (names, k, selected = false) => element("option", { value: String(k), "data-speaker": String(k), selected, text: names.of(k) });

/** A menu of the others, to be one with. */
function mergeMenu(model, names, corrections, k) {
  const others = model.active.filter((each) => each !== k);
  if (!others.length) return element("td");
  const menu = element(
    "select",
    { class: "merge", "aria-label": `Merge ${names.of(k)} into` },
    element("option", { value: "", text: "merge into …" }),
    ...others.map((each) => optionOf(names, each)),
  );
  menu.addEventListener("change", () => menu.value && corrections.merge(k, Number(menu.value)));
  return element("td", { class: "left" }, menu);
}

function row(first, name, ...cells) {
  return element("tr", {}, element(first, { scope: first === "th" ? "row" : null, class: "left", text: name }), ...cells.map((cell) => element("td", Array.isArray(cell) ? { text: cell[0], class: cell[1] } : { text: cell })));
}

function speakerRow(model, names, corrections, speaker, k) {
  const input = element("input", { type: "text", class: "rename", value: names.of(k), "aria-label": `Name of ${names.given[k]}`, spellcheck: "false", autocomplete: "off", dir: "auto", maxlength: "200" });
  let before = corrections.snapshot();
  input.addEventListener("focus", () => (before = corrections.snapshot()));
  input.addEventListener("input", () => {
    names.rename(k, input.value);
    corrections.save();
  });
  input.addEventListener("change", () => {
    input.value = names.of(k);
    if (before.current[k] !== names.of(k)) corrections.remember(before);
    before = corrections.snapshot();
    corrections.save();
    corrections.renamed();
  });
  const bar = coloured(element("i"), speaker);
  bar.style.width = `${100 * speaker.share}%`;
  const handle = element("span", { class: "handle", title: "Drag onto another speaker to merge the two" }, swatch(speaker));
  return element(
    "tr",
    { "data-speaker": String(k) },
    element("th", { scope: "row" }, element("span", { class: "named" }, handle, input)),
    element("td", { text: clock(speaker.seconds) }),
    element("td", { class: "wide" }, element("span", { class: "share", "aria-hidden": "true" }, bar), percent(speaker.share, 1)),
    element("td", { class: "wide", text: String(speaker.turns) }),
    element("td", { class: "wide", text: `${(speaker.seconds / speaker.turns).toFixed(1)} s` }),
    ...(model.sureness ? [element("td", { text: meanSureness(model.bySpeaker[k]) })] : []),
    mergeMenu(model, names, corrections, k),
  );
}

/** Confidence of turns by their length; empty where none is known. */
function meanSureness(turns) {
  const known = turns.filter((turn) => turn.confidence !== null);
  const time = known.reduce((sum, turn) => sum + turn.end - turn.start, 0);
  return time ? percent(known.reduce((sum, turn) => sum + (turn.confidence / 10000) * (turn.end - turn.start), 0) / time) : "";
}

/** Speakers of a few seconds, who may be nobody of their own, each with a button that merges it. */
export function doubtfulList(model, names, corrections) {
  const left = model.doubtful.filter(({ speaker }) => model.active.includes(speaker));
  byId("doubtful").hidden = !left.length;
  byId("doubtful").replaceChildren(
    ...left.map(({ speaker, reason, nearest }) => {
      const button = nearest === null || !model.active.includes(nearest) ? "" : element("button", { type: "button", text: `Merge into ${names.of(nearest)}`, onclick: () => corrections.merge(speaker, nearest) });
      return element("li", {}, `${names.of(speaker)} is doubtful: ${reason}. `, button);
    }),
  );
}

export function warnOfShared(model, names) {
  const shared = names.shared(model.active);
  byId("same-names").textContent = shared.length ? `More than one speaker is called ${shared.join(", ")}: in downloads they become one speaker.` : "";
}

/* Who follows whom */

export function successionTable(model, names) {
  const { active, successions } = model;
  const most = Math.max(1, ...active.flatMap((i) => active.filter((j) => i !== j).map((j) => successions[i][j])));
  const label = (k) => element("span", { class: "name", title: names.of(k), text: names.of(k) });
  const top = element("tr", {}, element("th", { class: "left", text: "after ↓" }), ...active.map((k) => element("th", { scope: "col" }, label(k))));
  const rows = active.map((i) => element("tr", {}, element("th", { scope: "row" }, label(i)), ...active.map((j) => successionCell(successions[i][j], i === j, successions[i][j] / most))));
  byId("succession-table").replaceChildren(element("thead", {}, top), element("tbody", {}, ...rows));
}

function successionCell(n, own, share) {
  const made = element("td", { class: own ? "own" : null, text: n ? String(n) : "·", title: own ? "goes on after a pause" : null });
  if (!own && n) made.style.backgroundColor = `rgba(var(--heat), ${(0.08 + 0.47 * share).toFixed(3)})`;
  return made;
}

/* Unusual intervals */

export function outlierList(model, names, player, view) {
  if (!model.windows) return;
  const all = flaggedIntervals(model.flagged);
  const found = all.slice(0, LISTED);
  const part = all.length > found.length ? ` The first ${found.length} of ${all.length}.` : "";
  byId("outliers").hidden = false;
  byId("outlier-words").textContent = found.length
    ? `Speech that fits none of the speakers well: overlap, a person without a speaker of their own, laughter, noise. These are the 2 % least usual windows, the least usual first. They say where to listen, not that there is an error.${part}`
    : "Too little speech to call any of it unusual.";
  byId("outlier-list").replaceChildren(...found.map((each) => outlierItem(model, names, each, player, view)));
}

function outlierItem(model, names, each, player, view) {
  const who = model.at((each.start + each.end) / 2000).map((turn) => names.of(turn.speaker)).join(", ") || "nobody";
  const text = `${((each.end - each.start) / 1000).toFixed(1)} s, ${who}`;
  return element("li", {}, timeButton(each.start, player, view), element("span", { class: "quiet" }, element("span", { class: "name", text })));
}

/* Turns */

export class TurnTable {
  constructor(model, names, player, view, corrections) {
    Object.assign(this, { model, names, player, view, corrections, first: 0 });
    byId("turn-order-label").hidden = !model.sureness;
    byId("turn-order").addEventListener("change", () => this.show(0));
    byId("turn-speaker").addEventListener("change", () => this.show(0));
    byId("turns-before").addEventListener("click", () => this.show(this.first - PAGE));
    byId("turns-after").addEventListener("click", () => this.show(this.first + PAGE));
    corrections.onChange(() => this.draw());
    this.draw();
  }

  /** After the turns have changed. */
  draw() {
    const select = byId("turn-speaker");
    const kept = select.value || "all";
    select.replaceChildren(element("option", { value: "all", text: "everybody" }), ...this.model.active.map((k) => optionOf(this.names, k)));
    select.value = kept === "all" || this.model.active.includes(Number(kept)) ? kept : "all";
    this.show(this.first);
  }

  get chosen() {
    const who = byId("turn-speaker").value;
    const turns = who === "all" ? this.model.turns : this.model.bySpeaker[Number(who)];
    const known = (turn) => (turn.confidence === null ? 10001 : turn.confidence);
    return byId("turn-order").value === "doubt" ? [...turns].sort((a, b) => known(a) - known(b)) : turns;
  }

  show(first) {
    const turns = this.chosen;
    this.first = Math.min(Math.max(0, first), Math.max(0, Math.floor((turns.length - 1) / PAGE) * PAGE));
    const last = Math.min(turns.length, this.first + PAGE);
    byId("turns-shown").textContent = turns.length ? `${this.first + 1}–${last} of ${turns.length}` : "none";
    byId("turns-before").disabled = this.first === 0;
    byId("turns-after").disabled = last >= turns.length;
    const columns = ["start", "length", "speaker", ...(this.model.sureness ? ["sure", "runner-up"] : []), ""];
    byId("turn-table").replaceChildren(head(...columns), element("tbody", {}, ...turns.slice(this.first, last).map((turn) => this.row(turn))));
  }

  row(turn) {
    const speaker = element("span", { class: "named" }, swatch(this.model.speakers[turn.speaker]), this.menu(turn));
    const remove = element("button", { type: "button", class: "remove", "aria-label": `Delete the turn at ${clock(turn.start / 1000, true)}`, title: "Delete this turn", text: "×", onclick: () => this.corrections.remove(turn) });
    const sure = turn.confidence === null ? "" : percent(turn.confidence / 10000);
    const rival = element("td", { class: "left wide" }, turn.runnerUp === null ? "" : nameOf(this.names, turn.runnerUp));
    return element(
      "tr",
      {},
      element("td", { class: "left" }, timeButton(turn.start, this.player, this.view)),
      element("td", { text: `${((turn.end - turn.start) / 1000).toFixed(2)} s` }),
      element("td", { class: "left" }, speaker),
      ...(this.model.sureness ? [element("td", { text: sure }), rival] : []),
      element("td", {}, remove),
    );
  }

  /** Whose a turn is, as a menu of everybody. */
  menu(turn) {
    const options = this.model.active.map((k) => optionOf(this.names, k, k === turn.speaker));
    const menu = element("select", { class: "whose", "aria-label": `Speaker at ${clock(turn.start / 1000, true)}` }, ...options, element("option", { value: "-1", text: "somebody new" }));
    menu.addEventListener("change", () => this.corrections.give(turn, Number(menu.value)));
    return menu;
  }
}
