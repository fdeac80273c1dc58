/* The turns under their present names as text in many formats: to the byte what diarize itself writes (formats/ has a
   file for each); tests/test_report_downloads.py compares them. */

import { clock, two } from "./text.js";

const UNSAFE = /[\s\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+/gu;
export const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+/gu;
export const LONE = /[\ud800-\udfff]/gu; // halves of a pair, which no encoding has
const FORMULA = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "'"];

/** Clean names, kept apart by _2, _3 … where two became the same: a Map from each name. */
export function apart(names, cleaned) {
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
export const labels = (names) => apart(names, (name) => name.replace(UNPRINTABLE, " ").trim());

export const decimals = (ms) => `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;

function vttClock(ms) {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** Rows of turns under their present names, in the order of an annotation: start, end, name. */
export function namedTurns(turns, names) {
  const rows = turns.map((turn) => ({
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

export const speakersOf = (rows) => [...new Set(rows.map((row) => row.name))];

export function rttm({ recording, rows, model }) {
  const name = tokens(speakersOf(rows));
  const head = `SPEAKER ${tokens([recording]).get(recording)}`;
  return rows
    .map((row) => `${head} ${row.channel || model.channel} ${decimals(row.start)} ${decimals(row.end - row.start)} <NA> <NA> ${name.get(row.name)} <NA> <NA>\n`)
    .join("");
}

/** A cell that no spreadsheet runs as a formula, in quotation marks where it needs them. */
function cell(text) {
  const guarded = FORMULA.some((sign) => text.startsWith(sign)) ? `'${text}` : text;
  return /[",\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

export function csv({ recording, rows }) {
  const rivals = rows.map((row) => row.rival).filter((name) => name !== null);
  const name = labels([...speakersOf(rows), ...rivals]);
  const head = cell(labels([recording]).get(recording));
  const worded = rows.some((row) => row.text);
  const sure = (c) => (c === null ? "" : `${Math.floor(c / 10000)}.${String(c % 10000).padStart(4, "0")}`);
  const lines = rows.map((row) =>
    [head, decimals(row.start), decimals(row.end), cell(name.get(row.name)), sure(row.confidence), row.rival === null ? "" : cell(name.get(row.rival)), ...(worded ? [cell(oneLine(row.text || ""))] : [])].join(","),
  );
  return [`recording,start,end,speaker,confidence,runner_up${worded ? ",text" : ""}`, ...lines, ""].join("\n");
}

export const markup = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export function vtt({ rows }) {
  const name = labels(speakersOf(rows));
  const { texts } = textsOf(rows, name);
  const cues = rows.map((row, i) => `\n${vttClock(row.start)} --> ${vttClock(row.end)}\n<v ${markup(name.get(row.name))}>${markup(texts[i])}</v>\n`);
  return "WEBVTT\n" + cues.join("");
}

export const oneLine = (text) => text.replace(UNPRINTABLE, " ").split(/\s+/u).filter(Boolean).join(" ");

/** A text for each row: what was said or, where nobody says anything, the name. */
export function textsOf(rows, name) {
  const worded = rows.some((row) => row.text);
  return { worded, texts: rows.map((row) => (worded ? oneLine(row.text || "") || "…" : name.get(row.name))) };
}

export function srt({ rows }) {
  const name = labels(speakersOf(rows));
  const { worded, texts } = textsOf(rows, name);
  const shown = (text) => text.replaceAll("<", "‹").replaceAll(">", "›");
  const time = (ms) => vttClock(ms).replace(".", ",");
  return rows.map((row, i) => `${i + 1}\n${time(row.start)} --> ${time(row.end)}\n${shown(worded ? `${name.get(row.name)}: ${texts[i]}` : texts[i])}\n`).join("\n");
}

/** Seconds, share of all speaking time and number of turns of each speaker, by first appearance. */
function sharesOf(rows) {
  const spoken = new Map(speakersOf(rows).map((name) => [name, { ms: 0, turns: 0 }]));
  for (const { name, start, end } of rows) {
    const each = spoken.get(name);
    each.ms += end - start;
    each.turns += 1;
  }
  const total = [...spoken.values()].reduce((sum, { ms }) => sum + ms, 0);
  const share = (ms) => Math.round((ms / total) * 1e6) / 1e6;
  return [...spoken].map(([speaker, { ms, turns }]) => ({ speaker, seconds: ms / 1000, share: share(ms), turns }));
}

export function json({ recording, rows }) {
  const sure = (c) => (c === null ? null : c / 10000);
  const word = (each, row) => ({ word: each.text, start: each.start / 1000, end: each.end / 1000, confidence: sure(each.confidence), speaker: row.name, ...(each.estimated ? { estimated: true } : {}) });
  const turns = rows.map((row) => ({
    start: row.start / 1000,
    end: row.end / 1000,
    speaker: row.name,
    confidence: sure(row.confidence),
    runner_up: row.rival,
    ...(row.text ? { text: row.text } : {}),
    ...(row.channel ? { channel: row.channel } : {}),
    ...(row.words ? { words: row.words.map((each) => word(each, row)) } : {}),
  }));
  const text = JSON.stringify({ schema: "diarize/result", version: 1, recordings: [{ recording, speakers: sharesOf(rows), turns }] }, null, 2);
  return `${text.replace(/^( +"(?:start|end|confidence|seconds|share)": \d+)(,?)$/gm, "$1.0$2")}\n`; // as Python writes numbers
}

/** Where anybody speaks. */
export function uem({ recording, rows }) {
  const spans = [];
  for (const { start, end } of rows) {
    if (spans.length && start <= spans.at(-1).end) spans.at(-1).end = Math.max(spans.at(-1).end, end);
    else spans.push({ start, end });
  }
  return spans.map(({ start, end }) => `${tokens([recording]).get(recording)} 1 ${decimals(start)} ${decimals(end)}\n`).join("");
}

/** A line a word; the recogniser's own confidence is not known here. */
export function ctm({ recording, rows, model }) {
  const name = tokens(speakersOf(rows));
  const words = rows.flatMap((row) => row.words.map((word) => ({ ...word, name: row.name }))).filter((word) => word.end > word.start);
  words.sort((a, b) => a.start - b.start || a.end - b.end || byCodePoint(a.name, b.name));
  const head = tokens([recording]).get(recording);
  return words.map((word) => `${head} ${model.channel} ${decimals(word.start)} ${decimals(word.end - word.start)} ${oneLine(word.text).replaceAll(" ", "_") || "…"} NA lex ${name.get(word.name)}\n`).join("");
}

/** The files of a Kaldi data folder, by name. */
export function kaldi({ recording, rows }) {
  const name = tokens(speakersOf(rows));
  const head = tokens([recording]).get(recording);
  const nine = (ms) => String(ms).padStart(9, "0");
  const utterances = rows.map((row) => {
    const speaker = `${head}-${name.get(row.name)}`;
    return { id: `${speaker}-${nine(row.start)}-${nine(row.end)}`, speaker, row, said: oneLine(row.text || "") };
  });
  utterances.sort((a, b) => byCodePoint(a.id, b.id));
  const spoken = new Map();
  for (const { id, speaker } of utterances) spoken.set(speaker, [...(spoken.get(speaker) || []), id]);
  const speakers = [...spoken.keys()].sort(byCodePoint);
  const said = utterances.filter((each) => each.said).map((each) => `${each.id} ${each.said}\n`);
  return {
    segments: utterances.map(({ id, row }) => `${id} ${head} ${decimals(row.start)} ${decimals(row.end)}\n`).join(""),
    utt2spk: utterances.map(({ id, speaker }) => `${id} ${speaker}\n`).join(""),
    spk2utt: speakers.map((speaker) => `${speaker} ${spoken.get(speaker).join(" ")}\n`).join(""),
    ...(said.length ? { text: said.join("") } : {}),
  };
}

export function txt({ rows }) {
  const name = labels(speakersOf(rows));
  const groups = [];
  for (const row of rows) {
    if (groups.at(-1)?.[0].name === row.name) groups.at(-1).push(row);
    else groups.push([row]);
  }
  const paragraph = (group) => {
    const said = group.map((row) => oneLine(row.text || "")).filter(Boolean).join(" ");
    return `[${clock(Math.floor(group[0].start / 1000))}] ${name.get(group[0].name)}${said ? `: ${said}` : ""}\n`;
  };
  return groups.map(paragraph).join("\n");
}

export function lab({ rows }) {
  const name = tokens(speakersOf(rows));
  return rows.map((row) => `${decimals(row.start)} ${decimals(row.end)} ${name.get(row.name)}\n`).join("");
}

export function audacity({ rows }) {
  const name = labels(speakersOf(rows));
  return rows.map((row) => `${decimals(row.start)}000\t${decimals(row.end)}000\t${name.get(row.name)}\n`).join("");
}
