/* What is written in tiers, one a speaker and below it one of words: TextGrid and ELAN (formats/textgrid.py,
   eaf.py, lines.py). */

import { decimals, labels, markup, oneLine, speakersOf, textsOf } from "./writers.js";

/** Spans that overlap put together with their texts; those that only touch stay apart. */
function disjoint(spans) {
  const merged = [];
  for (const { start, end, text } of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = merged.at(-1);
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      if (!last.texts.includes(text)) last.texts.push(text);
    } else merged.push({ start, end, texts: [text] });
  }
  return merged.map(({ start, end, texts }) => [start, end, texts.join(" ")]);
}

/** Names and spans of all tiers. */
function tiersOf(rows) {
  const name = labels(speakersOf(rows));
  const { texts } = textsOf(rows, name);
  const words = rows.some((row) => row.words) ? rows.flatMap((row) => row.words.map((word) => ({ ...word, name: row.name }))) : null;
  return speakersOf(rows).flatMap((speaker) => {
    const turns = rows.map((row, i) => ({ ...row, text: texts[i] })).filter((row) => row.name === speaker);
    const mine = { name: name.get(speaker), spans: disjoint(turns) };
    if (!words) return [mine];
    const said = words.filter((word) => word.name === speaker && word.end > word.start).map((word) => ({ ...word, text: oneLine(word.text) || "…" }));
    return [mine, { name: `${mine.name} - words`, spans: disjoint(said) }];
  });
}

/** The spans of a tier with empty ones between, so that nothing is left over. */
function covering(spans, last) {
  const whole = [];
  let reached = 0;
  for (const [start, end, text] of spans) {
    if (start > reached) whole.push([reached, start, ""]);
    whole.push([start, end, text]);
    reached = end;
  }
  if (reached < last) whole.push([reached, last, ""]);
  return whole;
}

export function textgrid({ rows, model }) {
  const last = Math.max(Math.round(model.length * 1000), 1, ...rows.map((row) => row.end));
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const tiers = tiersOf(rows).map(({ name, spans }, t) => {
    const whole = covering(spans, last);
    const intervals = whole.map(([a, b, text], i) => `        intervals [${i + 1}]:\n            xmin = ${decimals(a)} \n            xmax = ${decimals(b)} \n            text = ${quoted(text)} \n`);
    return `    item [${t + 1}]:\n        class = "IntervalTier" \n        name = ${quoted(name)} \n        xmin = 0.000 \n        xmax = ${decimals(last)} \n        intervals: size = ${whole.length} \n${intervals.join("")}`;
  });
  return `File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0.000 \nxmax = ${decimals(last)} \ntiers? <exists> \nsize = ${tiers.length} \nitem []: \n${tiers.join("")}`;
}

/** A text as the value of an attribute, in the way of Python's ElementTree. */
const attribute = (text) => markup(text).replaceAll('"', "&quot;").replaceAll("\r", "&#13;").replaceAll("\n", "&#10;").replaceAll("\t", "&#09;");

function tag(name, attributes, indent, inner = "") {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`);
  const head = `${" ".repeat(indent)}<${name}${words.join("")}`;
  return inner ? `${head}>${inner}</${name}>\n` : `${head} />\n`;
}

/** The recording that belongs to it, where that is known, as a file beside. */
function mediaTag(media) {
  if (!media) return "";
  const name = labels([media]).get(media);
  const kind = name.toLowerCase().endsWith(".wav") ? "audio/x-wav" : "unknown";
  return `\n${tag("MEDIA_DESCRIPTOR", { MEDIA_URL: name, MIME_TYPE: kind, RELATIVE_MEDIA_URL: `./${name}` }, 8)}    `;
}

export function eaf({ rows, model }) {
  const tiers = tiersOf(rows);
  const spans = tiers.flatMap(({ name, spans: own }) => own.map(([start, end, text]) => ({ name, start, end, text })));
  const edges = spans.flatMap((span, i) => [[span.start, i, "start"], [span.end, i, "end"]]);
  edges.sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] === "start" ? -1 : 1));
  const slot = spans.map(() => ({}));
  const order = edges.map(([value, i, side], n) => {
    slot[i][side] = `ts${n + 1}`;
    return tag("TIME_SLOT", { TIME_SLOT_ID: `ts${n + 1}`, TIME_VALUE: String(value) }, 8);
  });
  const annotation = ({ text }, i) => {
    const value = tag("ANNOTATION_VALUE", {}, 16, markup(text));
    const aligned = tag("ALIGNABLE_ANNOTATION", { ANNOTATION_ID: `a${i + 1}`, TIME_SLOT_REF1: slot[i].start, TIME_SLOT_REF2: slot[i].end }, 12, `\n${value}            `);
    return tag("ANNOTATION", {}, 8, `\n${aligned}        `);
  };
  const bodies = tiers.map(({ name }) => {
    const mine = spans.map((span, i) => (span.name === name ? annotation(span, i) : "")).join("");
    return tag("TIER", { LINGUISTIC_TYPE_REF: "speakers", PARTICIPANT: name.replace(/ - words$/, ""), TIER_ID: name }, 4, mine && `\n${mine}    `);
  });
  const slots = tag("TIME_ORDER", {}, 4, order.length ? `\n${order.join("")}    ` : "");
  const head = tag("HEADER", { MEDIA_FILE: "", TIME_UNITS: "milliseconds" }, 4, mediaTag(model.media));
  const type = tag("LINGUISTIC_TYPE", { LINGUISTIC_TYPE_ID: "speakers", TIME_ALIGNABLE: "true" }, 4);
  const schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" ${schema}>\n${head}${slots}${bodies.join("")}${type}</ANNOTATION_DOCUMENT>\n`;
}
