/* Puts the page together. */

import { Corrections, correctionsPanel } from "./corrections.js";
import { curvePanel } from "./curve.js";
import { download, downloadPage, WRITERS } from "./downloads.js";
import { editsFile } from "./edits.js";
import { listenToKeys, shortcutsOf } from "./keys.js";
import { mergeByDrag } from "./merging.js";
import { Model } from "./model.js";
import { Names } from "./names.js";
import { Player } from "./player.js";
import { doubtfulList, outlierList, renameShown, speakerTable, successionTable, TurnTable, warnOfShared } from "./tables.js";
import { byId, clock, counted, element, whenWhole } from "./text.js";
import { Timeline, whoAt } from "./timeline.js";
import { TranscriptPanel } from "./transcript.js";
import { TimeWindow } from "./window.js";

function summaryOf(model) {
  const parts = [clock(model.end - model.start), counted(model.active.length, "speaker"), counted(model.turns.length, "turn")];
  parts.push(model.speech === null ? `${clock(model.spoken)} spoken` : `${clock(model.speech)} of speech`);
  if (model.band) parts.push(`${model.band} band`);
  return parts.join(" · ");
}

function legendOf(model) {
  const parts = [];
  if (model.shares) parts.push("Pale bar: turn. Ribbon in it: posterior of the speaker; zoomed out, share of the time.");
  else parts.push("Bar: turn.");
  if (model.doubt) parts.push("Doubt: one minus the largest posterior, up to one half.");
  if (model.flagged.length) parts.push("Unusual: speech that fits no speaker well.");
  return parts.join(" ");
}

function about(model) {
  const versions = Object.entries(model.versions).map(([name, version]) => `${name} ${version}`);
  byId("versions").textContent = versions.length ? versions.join(", ") : "Made from turns only: settings and versions are unknown.";
  if (!model.settings.length) return;
  const changed = model.settings.filter(([, , other]) => other).length;
  byId("settings").hidden = false;
  byId("settings").firstElementChild.textContent = `${counted(model.settings.length, "setting")}, ${changed || "none"} changed from the defaults (${model.digest})`;
  byId("setting-list").replaceChildren(...model.settings.map(([name, value, other]) => element("div", { class: other ? "changed" : null, text: `${name} = ${value === "" ? '""' : value}` })));
}

function notes(model) {
  byId("notes").hidden = !model.notes.length;
  byId("notes").replaceChildren(...model.notes.map((text) => element("li", { text })));
}

/** Clock, button and slider, whenever something has moved. */
function showPosition(model, names, player) {
  const time = player.time;
  const who = whoAt(model, names, time);
  const box = byId("timeline");
  byId("clock").textContent = `${clock(time, true)} / ${clock(model.end)}`;
  byId("here").textContent = player.failed ? player.reason : who;
  byId("play").textContent = player.playing ? "Pause" : "Play";
  byId("play").setAttribute("aria-pressed", String(player.playing));
  byId("play").disabled = player.failed;
  box.setAttribute("aria-valuenow", time.toFixed(1));
  box.setAttribute("aria-valuetext", `${clock(time, true)}, ${who}`);
}

function connect({ model, names, view, player, timeline, corrections }) {
  byId("listening").hidden = !player.hasSound;
  byId("follow").parentElement.hidden = !player.hasSound;
  byId("play").addEventListener("click", () => player.toggle());
  byId("speed").addEventListener("change", (event) => (player.audio.playbackRate = Number(event.target.value)));
  byId("zoom-in").addEventListener("click", () => timeline.zoomAtHead(0.5));
  byId("zoom-out").addEventListener("click", () => timeline.zoomAtHead(2));
  byId("whole").addEventListener("click", () => view.whole());
  for (const button of document.querySelectorAll("[data-kind]")) {
    const { words } = WRITERS[button.dataset.kind];
    button.hidden = Boolean(words && !model.transcript);
    button.addEventListener("click", () => download(button.dataset.kind, model, names, corrections));
  }
  byId("page-download").disabled = true;
  byId("page-download").addEventListener("click", () => downloadPage(model, corrections));
  whenWhole(() => (byId("page-download").disabled = false));
  const box = byId("timeline");
  box.setAttribute("aria-valuemin", model.start.toFixed(1));
  box.setAttribute("aria-valuemax", model.end.toFixed(1));
  player.onChange(() => showPosition(model, names, player));
  names.onChange(() => showPosition(model, names, player));
  names.onChange(() => successionTable(model, names));
  window.addEventListener("beforeprint", () => timeline.print());
}

function startPage() {
  const model = new Model(JSON.parse(byId("data").textContent));
  const names = new Names(model.names);
  const view = new TimeWindow(model.start, model.end);
  const player = new Player(model, byId("audio"));
  const corrections = new Corrections(model, names, player);
  const timeline = new Timeline(model, names, view, player);
  timeline.onEdge = (edge, time) => corrections.place(edge.turn, edge.side, Math.round(time * 1000));
  byId("legend").textContent = legendOf(model);
  byId("doing").textContent = model.sound
    ? "Click to play, drag to move the view, wheel or two fingers to zoom. Zoomed in, drag the end of a turn to change it."
    : "Drag to move the view, wheel or two fingers to zoom. Zoomed in, drag the end of a turn to change it. This page has no sound: make it from the recording, or with --audio.";
  notes(model);
  connect({ model, names, view, player, timeline, corrections });
  const drawTables = () => {
    byId("summary").textContent = summaryOf(model);
    speakerTable(model, names, corrections);
    successionTable(model, names);
    doubtfulList(model, names, corrections);
  };
  drawTables();
  const transcript = new TranscriptPanel(model, names, player, view);
  curvePanel(model.curve);
  outlierList(model, names, player, view);
  new TurnTable(model, names, player, view, corrections);
  corrections.onChange(drawTables);
  corrections.onChange(() => transcript.draw());
  names.onChange(() => {
    warnOfShared(model, names);
    renameShown(names);
    doubtfulList(model, names, corrections);
  });
  correctionsPanel(corrections, model, player, view);
  editsFile(corrections, model);
  mergeByDrag(corrections);
  player.onChange(() => transcript.mark());
  about(model);
  listenToKeys(shortcutsOf({ player, view, model, timeline, corrections }), player, view);
  showPosition(model, names, player);
  timeline.draw();
}

startPage();
