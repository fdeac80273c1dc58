/* What was said, word by word, with whom each word is given to: as in the transcript that was read, except where
   the turns were corrected. */

import { addTo } from "./difference.js";
import { after } from "./model.js";

/** Turns to look up by time. */
class Spoken {
  constructor(turns) {
    this.turns = [...turns].sort((a, b) => a.start - b.start);
    this.starts = this.turns.map((turn) => turn.start);
    this.longest = this.turns.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0);
  }

  /** The speaker with most time in an interval, null where nobody speaks. */
  most(start, end) {
    const shares = new Map();
    for (let i = after(this.starts, end) - 1; i >= 0 && this.starts[i] >= start - this.longest; i--) {
      const turn = this.turns[i];
      const common = Math.min(turn.end, end) - Math.max(turn.start, start);
      if (common > 0) addTo(shares, turn.speaker, common);
    }
    let most = null;
    for (const [speaker, time] of shares) if (most === null || time > shares.get(most)) most = speaker;
    return most;
  }

  /** The speaker of the turn nearest to an interval in a pause. */
  nearest(start, end) {
    const i = after(this.starts, start);
    const near = this.turns.slice(Math.max(0, i - 8), i + 1);
    const far = (turn) => Math.max(turn.start - end, start - turn.end);
    return near.sort((a, b) => far(a) - far(b))[0]?.speaker ?? null;
  }
}

/** Sentences with their words, out of columns. */
function sentencesOf({ start, end, speaker, confidence, text, words }) {
  const glued = new Set(words.glued);
  const estimated = new Set(words.estimated);
  let first = 0;
  return start.map((from, i) => {
    const last = first + words.n[i];
    const mine = words.text.slice(first, last).map((each, j) => {
      const k = first + j;
      return { index: k, text: each, start: words.start[k], end: words.end[k], speaker: words.speaker[k], confidence: words.confidence[k], blank: j > 0 && !glued.has(k), estimated: estimated.has(k) };
    });
    first = last;
    return { start: from, end: end[i], speaker: speaker[i], confidence: confidence[i], text: text[i], words: mine };
  });
}

export class Said {
  constructor(model) {
    this.model = model;
    this.sentences = sentencesOf(model.said);
    const found = new Spoken(model.found);
    for (const word of this.sentences.flatMap((sentence) => sentence.words)) word.found = found.most(word.start, word.end);
  }

  /** Whose a word is now. */
  whose(word, now) {
    const who = now.most(word.start, word.end);
    if (who === word.found && word.speaker !== null) {
      const given = this.model.owners[word.speaker] ?? word.speaker;
      if (this.model.bySpeaker[given]?.length) return given;
    }
    return who ?? now.nearest(word.start, word.end);
  }

  /** Sentences, cut where the speaker changes in them. */
  rows() {
    const now = new Spoken(this.model.turns);
    const rows = this.sentences.flatMap((sentence) => {
      const runs = [];
      for (const word of sentence.words) {
        const speaker = this.whose(word, now);
        if (runs.length && runs.at(-1).speaker === speaker) runs.at(-1).words.push(word);
        else runs.push({ speaker, words: [word] });
      }
      if (runs.length === 1) {
        const kept = runs[0].speaker === sentence.speaker;
        return [{ ...sentence, speaker: runs[0].speaker, confidence: kept ? sentence.confidence : null, runnerUp: null }];
      }
      return runs.map(({ speaker, words }) => ({ start: words[0].start, end: Math.max(words.at(-1).end, words[0].start + 1), speaker, confidence: null, text: wordsTogether(words), words, runnerUp: null }));
    });
    return rows.filter((row) => row.speaker !== null);
  }
}

export const wordsTogether = (words) => words.map((word, i) => (word.blank && i ? " " : "") + word.text).join("");

/** What is shown: the words of a transcript or, without one, what the turns themselves say. */
export function utterancesOf(model) {
  if (model.transcript) return model.transcript.rows().sort((a, b) => a.start - b.start);
  return model.turns.filter((turn) => turn.text).map((turn) => ({ ...turn, words: [{ index: `${turn.start} ${turn.end} ${turn.text}`, text: turn.text, start: turn.start, end: turn.end }] }));
}
