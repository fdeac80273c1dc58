/* What can be taken away: turns in every format of text that diarize writes, this page, and the corrections alone. */

import { byId, element, PAGE_DATA, PRISTINE, tell } from "./text.js";
import { eaf, textgrid } from "./tiers.js";
import { audacity, csv, ctm, json, kaldi, lab, LONE, namedTurns, rttm, srt, txt, uem, vtt } from "./writers.js";

/** This page with what was corrected in it, and its sound at the end. */
function correctedPage(model, corrections) {
  const data = { ...JSON.parse(PAGE_DATA), edits: corrections.snapshot() };
  const safe = JSON.stringify(data).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  const [mark, tail] = [`${"<"}script type="application/json" id="data">`, `${"<"}/script>`]; // no tag in a script
  const start = PRISTINE.indexOf(mark) + mark.length;
  const end = PRISTINE.indexOf(tail, start);
  const close = PRISTINE.lastIndexOf(`${"<"}/body>`);
  return PRISTINE.slice(0, start) + safe + PRISTINE.slice(end, close) + byId("sound").outerHTML + PRISTINE.slice(close);
}

/** Formats by the names of their buttons; `worded`: what was said goes into it, word by word where words are known. */
export const WRITERS = {
  rttm: { write: rttm, says: "RTTM" },
  csv: { write: csv, type: "text/csv", says: "CSV", worded: true },
  vtt: { write: vtt, type: "text/vtt", says: "WebVTT", worded: true },
  srt: { write: srt, says: "SRT", worded: true },
  txt: { write: txt, suffix: "transcript.txt", says: "text", worded: true },
  json: { write: json, type: "application/json", says: "JSON", worded: true },
  textgrid: { write: textgrid, suffix: "TextGrid", says: "TextGrid", worded: true },
  eaf: { write: eaf, type: "application/xml", says: "ELAN", worded: true },
  ctm: { write: ctm, says: "CTM", worded: true, words: true },
  lab: { write: lab, says: "lab" },
  audacity: { write: audacity, suffix: "txt", says: "Audacity" },
  uem: { write: uem, says: "UEM" },
  kaldi: { write: kaldi, suffix: "kaldi.zip", says: "Kaldi", folder: true },
};

/** A file name that every system takes, out of the name of a recording. */
export function fileName(recording, suffix) {
  const plain = recording.replace(/[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, "_").replace(/^[.\s]+|[.\s]+$/gu, "");
  return `${Array.from(plain).slice(0, 100).join("") || "recording"}.${suffix}`;
}

/** Rows for a format: sentences with their words where it holds any and there are some, or else turns. */
function rowsFor({ worded }, model, names) {
  return namedTurns(worded && model.transcript ? model.transcript.rows() : model.turns, names);
}

export function download(kind, model, names, corrections) {
  const { write, type, suffix, says, folder } = WRITERS[kind];
  const found = write({ recording: model.recording, rows: rowsFor(WRITERS[kind], model, names), model });
  const name = fileName(model.recording, suffix || kind);
  const encoded = (text) => new TextEncoder().encode(text.replace(LONE, "?"));
  if (folder) {
    const inside = name.replace(/\.zip$/, "");
    offer(zipped(Object.entries(found).map(([file, text]) => [`${inside}/${file}`, encoded(text)])), "application/zip", name);
  } else offer(encoded(found), `${type || "text/plain"};charset=utf-8`, name);
  corrections.kept = true;
  tell(`${says} file made`);
}

export function downloadPage(model, corrections) {
  offer(correctedPage(model, corrections), "text/html;charset=utf-8", fileName(model.recording, "report.html"));
  corrections.kept = true;
  tell("page made");
}

export function offer(data, type, name) {
  const url = URL.createObjectURL(new Blob([data], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** CRC-32 as of ZIP and PNG. */
function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** Files by name as a ZIP without compression, dated 1980 so that the same files are the same bytes. */
function zipped(files) {
  const [parts, index] = [[], []];
  let at = 0;
  const record = (size, fields) => {
    const view = new DataView(new ArrayBuffer(size));
    for (const [place, width, value] of fields) width === 2 ? view.setUint16(place, value, true) : view.setUint32(place, value, true);
    return new Uint8Array(view.buffer);
  };
  for (const [name, data] of files) {
    const title = new TextEncoder().encode(name);
    const shared = (from) => [[from, 2, 20], [from + 2, 2, 0x800], [from + 8, 2, 0x21], [from + 10, 4, crc32(data)], [from + 14, 4, data.length], [from + 18, 4, data.length], [from + 22, 2, title.length]];
    const local = [record(30, [[0, 4, 0x04034b50], ...shared(4)]), title, data];
    index.push(record(46, [[0, 4, 0x02014b50], [4, 2, 20], ...shared(6), [42, 4, at]]), title);
    parts.push(...local);
    at += local.reduce((sum, each) => sum + each.length, 0);
  }
  const size = index.reduce((sum, each) => sum + each.length, 0);
  const end = record(22, [[0, 4, 0x06054b50], [8, 2, files.length], [10, 2, files.length], [12, 4, size], [16, 4, at]]);
  return new Blob([...parts, ...index, end]);
}
