/* Corrections as a small file: saved here, loaded into a page about the same recording in another browser. */

import { isState } from "./corrections.js";
import { fileName, offer } from "./downloads.js";
import { byId, tell } from "./text.js";

const EDITS = "diarize/corrections";

export function editsFile(corrections, model) {
  const file = byId("edits-file");
  byId("edits-out").addEventListener("click", () => {
    const value = { schema: EDITS, version: 1, recording: model.recording, key: model.key, ...corrections.snapshot() };
    offer(`${JSON.stringify(value)}\n`, "application/json", fileName(model.recording, "corrections.json"));
    corrections.kept = true;
    tell("file of corrections made");
  });
  byId("edits-in").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const text = file.files.length ? await file.files[0].text() : null;
    file.value = "";
    if (text !== null) loadEdits(text, corrections, model);
  });
}

function loadEdits(text, corrections, model) {
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    // told below
  }
  if (value?.schema !== EDITS || !isState(value)) return refuse("This file holds no corrections of such a page.");
  if (value.key !== model.key) return refuse(`These are corrections of other turns (${value.recording}), which do not fit here.`);
  corrections.take(value);
  refuse("");
  return tell("corrections loaded");
}

function refuse(text) {
  byId("edits-told").textContent = text;
}
