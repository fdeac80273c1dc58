/* Keyboard shortcuts: the table here is what works and what the page says of it. */

import { NUDGE, reviewNext } from "./corrections.js";
import { after } from "./model.js";
import { byId, clock, element, tell } from "./text.js";

const STEP = 5; // seconds of an arrow key

export function shortcutsOf({ player, view, model, timeline, corrections }) {
  const toNeighbour = (way) => go(neighbour(model, player.time, way));
  const go = (time) => {
    if (time === null) return;
    view.reveal(time);
    player.seek(time);
    tell(clock(time, true));
  };
  const move = (seconds) => {
    player.seek(player.time + seconds);
    view.reveal(player.time);
  };
  const nextOutlier = () => {
    const all = model.flagged.map((each) => each.start / 1000);
    go(all.find((time) => time > player.time + 0.05) ?? all[0] ?? null);
  };
  const here = (act) => corrections.here && act(corrections.here);
  const nudge = (side, way) => here((turn) => corrections.place(turn, side, turn[side] + way * NUDGE));
  const giveTo = (key) => here((turn) => model.active[Number(key) - 1] !== undefined && corrections.give(turn, model.active[Number(key) - 1]));
  return [
    { keys: [" "], shown: ["Space"], says: "play, pause", act: () => player.toggle(), sound: true },
    { keys: ["ArrowLeft", "ArrowRight"], shown: ["←", "→"], says: "five seconds back, on; thirty with Shift", act: (key, shift) => move((key === "ArrowLeft" ? -1 : 1) * (shift ? 30 : STEP)) },
    { keys: ["p", "n"], shown: ["P", "N"], says: "previous, next turn", act: (key) => toNeighbour(key === "p" ? -1 : 1) },
    { keys: ["u"], shown: ["U"], says: "next unusual interval", act: nextOutlier, only: model.flagged.length > 0 },
    { keys: ["+", "=", "-", "_"], shown: ["+", "−"], says: "zoom in, out", act: (key) => timeline.zoomAtHead("+=".includes(key) ? 0.5 : 2) },
    { keys: ["0"], shown: ["0"], says: "show all of it", act: () => view.whole() },
    { keys: ["[", "]"], shown: ["[", "]"], says: "move what is shown", act: (key) => view.pan((key === "[" ? -0.5 : 0.5) * view.width) },
    { keys: ["s"], shown: ["S"], says: "split the turn at the cursor", act: () => here((turn) => corrections.split(turn, Math.round(player.time * 1000))) },
    { keys: ["a"], shown: ["A"], says: "add a turn at the cursor", act: () => corrections.add(Math.round(player.time * 1000)) },
    { keys: ["Delete", "Backspace"], shown: ["Delete"], says: "delete the turn at the cursor", act: () => here((turn) => corrections.remove(turn)) },
    { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], shown: ["1", "…", "9"], says: "give the turn at the cursor to that speaker", act: giveTo },
    { keys: [",", "."], shown: [",", "."], says: "move its start back, on", act: (key) => nudge("start", key === "," ? -1 : 1) },
    { keys: ["<", ">"], shown: ["<", ">"], says: "move its end back, on", act: (key) => nudge("end", key === "<" ? -1 : 1) },
    { keys: ["w"], shown: ["W"], says: "the least sure turn not looked at yet", act: () => reviewNext(corrections, player, view), only: model.sureness },
    { keys: ["z", "y"], shown: ["Z", "Y"], says: "undo, redo (Ctrl with them works as well)", act: (key) => (key === "z" ? corrections.undo() : corrections.redo()) },
    { keys: ["f"], shown: ["F"], says: "follow the sound, or not", act: () => byId("follow").click(), sound: true },
  ].filter((each) => each.only !== false && (!each.sound || player.hasSound));
}

/** Start of the turn before or after a time; null when there is none. */
function neighbour(model, time, way) {
  const starts = model.starts;
  if (way > 0) return starts[after(starts, time * 1000 + 1)] / 1000 || null;
  const i = after(starts, time * 1000 - 1000) - 1;
  return i >= 0 ? starts[i] / 1000 : starts.length ? starts[0] / 1000 : null;
}

const TYPING = "input[type=text], select, textarea, [contenteditable]";
const PRESSED_BY_SPACE = "button, summary, a, input";

export function listenToKeys(shortcuts, player, view) {
  byId("key-list").replaceChildren(...shortcuts.flatMap((each) => [element("dt", {}, ...each.shown.map((text) => element("kbd", { text }))), element("dd", { text: each.says })]));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.target.matches(TYPING)) return;
    if ((event.ctrlKey || event.metaKey) && !["z", "y"].includes(event.key.toLowerCase())) return;
    if (event.key === " " && event.target.matches(PRESSED_BY_SPACE)) return;
    const onTimeline = event.target.id === "timeline";
    if (onTimeline && toTheEnds(event, player, view)) return;
    const found = shortcuts.find((each) => each.keys.includes(event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!found || !(onTimeline || byId("keys-on").checked)) return;
    event.preventDefault();
    found.act(event.key.length === 1 ? event.key.toLowerCase() : event.key, event.shiftKey);
  });
}

/** Home and End, as of any slider. */
function toTheEnds(event, player, view) {
  if (event.key !== "Home" && event.key !== "End") return false;
  event.preventDefault();
  player.seek(event.key === "Home" ? view.start : view.end);
  view.reveal(player.time);
  return true;
}
