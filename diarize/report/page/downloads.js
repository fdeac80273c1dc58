"use strict";
/* RTTM, CSV and WebVTT of the turns under their present names: to the byte what diarize itself writes
   (formats/rttm.py, csv.py, webvtt.py, lines.py); tests/test_report_browser.py compares them. */

const UNSAFE = /[\s\x00-\x1f\x7f-\x9f\ufeff]+/gu;
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+/gu;
const LONE = /[\ud800-\udfff]/gu; // halves of a pair, which no encoding has
const FORMULA = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "'"];

/** Clean names, kept apart by _2, _3 … where two became the same: a Map from each name. */
function apart(names, cleaned) {
  const unique = [...new Set(names)];
  const clean = new Map(unique.map((name) => [name, cleaned(name)]));
  const taken = new Set(unique.filter((name) => clean.get(name) === name));
  const used = new Set(taken);
  const safe = new Map();
  for (const name of unique) {
    const stem = clean.get(name) || "_";
    let token = stem;
    for (let count = 2; !taken.has(name) && used.has(token); count++) token = `${stem}_${count}`;
    used.add(token);
    safe.set(name, token);
  }
  return safe;
}

const tokens = (names) => apart(names, (name) => name.replace(UNSAFE, "_"));
const labels = (names) => apart(names, (name) => name.replace(UNPRINTABLE, " ").trim());

const decimals = (ms) => `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;

function vttClock(ms) {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** Rows of the turns under their present names, in the order of an annotation: start, end, name. */
function namedTurns(model, names) {
  const rows = model.turns.map((turn) => ({
    ...turn,
    name: names.of(turn.speaker),
    rival: turn.runnerUp === null ? null : names.of(turn.runnerUp),
  }));
  return rows.sort((a, b) => a.start - b.start || a.end - b.end || byCodePoint(a.name, b.name));
}

/** The order that Python gives texts. */
function byCodePoint(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  const n = a.findIndex((char, i) => char !== b[i]);
  if (n < 0) return a.length - b.length;
  return n < b.length ? a[n].codePointAt(0) - b[n].codePointAt(0) : 1;
}

const speakersOf = (rows) => [...new Set(rows.map((row) => row.name))];

function rttm(recording, rows) {
  const name = tokens(speakersOf(rows));
  const head = `SPEAKER ${tokens([recording]).get(recording)} 1`;
  return rows
    .map((row) => `${head} ${decimals(row.start)} ${decimals(row.end - row.start)} <NA> <NA> ${name.get(row.name)} <NA> <NA>\n`)
    .join("");
}

/** A cell that no spreadsheet runs as a formula, in quotation marks where it needs them. */
function cell(text) {
  const guarded = FORMULA.some((sign) => text.startsWith(sign)) ? `'${text}` : text;
  return /[",\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function csv(recording, rows) {
  const rivals = rows.map((row) => row.rival).filter((name) => name !== null);
  const name = labels([...speakersOf(rows), ...rivals]);
  const head = cell(labels([recording]).get(recording));
  const sure = (c) => (c === null ? "" : `${Math.floor(c / 10000)}.${String(c % 10000).padStart(4, "0")}`);
  const lines = rows.map((row) =>
    [head, decimals(row.start), decimals(row.end), cell(name.get(row.name)), sure(row.confidence), row.rival === null ? "" : cell(name.get(row.rival))].join(","),
  );
  return ["recording,start,end,speaker,confidence,runner_up", ...lines, ""].join("\n");
}

const markup = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function vtt(recording, rows) {
  const name = labels(speakersOf(rows));
  const cues = rows.map((row) => {
    const shown = markup(name.get(row.name));
    return `\n${vttClock(row.start)} --> ${vttClock(row.end)}\n<v ${shown}>${shown}</v>\n`;
  });
  return "WEBVTT\n" + cues.join("");
}

const WRITERS = {
  rttm: { write: rttm, type: "text/plain" },
  csv: { write: csv, type: "text/csv" },
  vtt: { write: vtt, type: "text/vtt" },
};

/** A file name that every system takes, out of the name of a recording. */
function fileName(recording, suffix) {
  const plain = recording.replace(/[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, "_").replace(/^[.\s]+|[.\s]+$/gu, "");
  return `${Array.from(plain).slice(0, 100).join("") || "recording"}.${suffix}`;
}

function download(kind, model, names) {
  const { write, type } = WRITERS[kind];
  const text = write(model.recording, namedTurns(model, names)).replace(LONE, "?");
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  element("a", { href: url, download: fileName(model.recording, kind) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  tell(`${kind === "vtt" ? "WebVTT" : kind.toUpperCase()} file made`);
}
