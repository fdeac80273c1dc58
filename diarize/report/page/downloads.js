"use strict";
/* RTTM, CSV and WebVTT of the turns under their present names: to the byte what diarize itself writes
   (formats/rttm.py, csv.py, webvtt.py, lines.py); tests/test_report_browser.py compares them. */

const UNSAFE = /[\s\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]+/gu;
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
  const { texts } = textsOf(rows, name);
  const cues = rows.map((row, i) => `\n${vttClock(row.start)} --> ${vttClock(row.end)}\n<v ${markup(name.get(row.name))}>${markup(texts[i])}</v>\n`);
  return "WEBVTT\n" + cues.join("");
}

const oneLine = (text) => text.replace(UNPRINTABLE, " ").split(/\s+/u).filter(Boolean).join(" ");

/** A text for each row: what was said or, where nobody says anything, the name. */
function textsOf(rows, name) {
  const worded = rows.some((row) => row.text);
  return { worded, texts: rows.map((row) => (worded ? oneLine(row.text || "") || "…" : name.get(row.name))) };
}

function srt(recording, rows) {
  const name = labels(speakersOf(rows));
  const { worded, texts } = textsOf(rows, name);
  const shown = (text) => text.replaceAll("<", "‹").replaceAll(">", "›");
  const time = (ms) => vttClock(ms).replace(".", ",");
  return rows.map((row, i) => `${i + 1}\n${time(row.start)} --> ${time(row.end)}\n${shown(worded ? `${name.get(row.name)}: ${texts[i]}` : texts[i])}\n`).join("\n");
}

function json(recording, rows) {
  const turns = rows.map((row) => ({
    start: row.start / 1000,
    end: row.end / 1000,
    speaker: row.name,
    confidence: row.confidence === null ? null : row.confidence / 10000,
    runner_up: row.rival,
    ...(row.text ? { text: row.text } : {}),
  }));
  return `${JSON.stringify({ schema: "diarize/annotation", version: 1, recordings: [{ recording, speakers: speakersOf(rows), turns }] }, null, 2)}\n`;
}

function txt(recording, rows) {
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

function lab(recording, rows) {
  const name = tokens(speakersOf(rows));
  return rows.map((row) => `${decimals(row.start)} ${decimals(row.end)} ${name.get(row.name)}\n`).join("");
}

function audacity(recording, rows) {
  const name = labels(speakersOf(rows));
  return rows.map((row) => `${decimals(row.start)}000\t${decimals(row.end)}000\t${name.get(row.name)}\n`).join("");
}

/** One tier a speaker; overlapping turns of one are one, pauses are empty. */
function textgrid(recording, rows, end) {
  const name = labels(speakersOf(rows));
  const { texts } = textsOf(rows, name);
  const last = Math.max(Math.round(end * 1000), 1, ...rows.map((row) => row.end));
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const tiers = speakersOf(rows).map((speaker, t) => {
    const spans = [];
    rows.forEach((row, i) => {
      if (row.name !== speaker) return;
      const before = spans.at(-1);
      if (before && row.start < before.end) {
        before.end = Math.max(before.end, row.end);
        if (!before.texts.includes(texts[i])) before.texts.push(texts[i]);
      } else spans.push({ start: row.start, end: row.end, texts: [texts[i]] });
    });
    const whole = [];
    let reached = 0;
    for (const span of spans) {
      if (span.start > reached) whole.push([reached, span.start, ""]);
      whole.push([span.start, span.end, span.texts.join(" ")]);
      reached = span.end;
    }
    if (reached < last) whole.push([reached, last, ""]);
    const intervals = whole.map(([a, b, text], i) => `        intervals [${i + 1}]:\n            xmin = ${decimals(a)} \n            xmax = ${decimals(b)} \n            text = ${quoted(text)} \n`);
    return `    item [${t + 1}]:\n        class = "IntervalTier" \n        name = ${quoted(name.get(speaker))} \n        xmin = 0.000 \n        xmax = ${decimals(last)} \n        intervals: size = ${whole.length} \n${intervals.join("")}`;
  });
  return `File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0.000 \nxmax = ${decimals(last)} \ntiers? <exists> \nsize = ${tiers.length} \nitem []: \n${tiers.join("")}`;
}

/** This page with what was corrected in it. */
function correctedPage(model, corrections) {
  const data = { ...JSON.parse(PAGE_DATA), edits: corrections.snapshot() };
  const safe = JSON.stringify(data).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  const [mark, tail] = [`${"<"}script type="application/json" id="data">`, `${"<"}/script>`]; // no tag in a script
  const start = PRISTINE.indexOf(mark) + mark.length;
  const end = PRISTINE.indexOf(tail, start);
  return PRISTINE.slice(0, start) + safe + PRISTINE.slice(end);
}

const WRITERS = {
  rttm: { write: rttm, type: "text/plain" },
  csv: { write: csv, type: "text/csv" },
  vtt: { write: vtt, type: "text/vtt", says: "WebVTT" },
  srt: { write: srt, type: "text/plain" },
  json: { write: json, type: "application/json" },
  txt: { write: txt, type: "text/plain", suffix: "transcript.txt", says: "text" },
  lab: { write: lab, type: "text/plain", says: "lab" },
  audacity: { write: audacity, type: "text/plain", suffix: "txt", says: "Audacity" },
  textgrid: { write: textgrid, type: "text/plain", suffix: "TextGrid", says: "TextGrid" },
};

/** A file name that every system takes, out of the name of a recording. */
function fileName(recording, suffix) {
  const plain = recording.replace(/[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, "_").replace(/^[.\s]+|[.\s]+$/gu, "");
  return `${Array.from(plain).slice(0, 100).join("") || "recording"}.${suffix}`;
}

function download(kind, model, names, corrections) {
  if (kind === "html") {
    offer(correctedPage(model, corrections), "text/html", fileName(model.recording, "report.html"));
    corrections.kept = true;
    tell("page made");
    return;
  }
  const { write, type, suffix, says } = WRITERS[kind];
  const text = write(model.recording, namedTurns(model, names), model.end).replace(LONE, "?");
  offer(text, type, fileName(model.recording, suffix || kind));
  corrections.kept = true;
  tell(`${says || kind.toUpperCase()} file made`);
}

function offer(text, type, name) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
