/* How much two sets of turns differ: the DER of `diarize score BEFORE AFTER` (scoring/der.py, scoring/mapping.py). */

/** Seconds that are missed, false or of another speaker, and all speaker time before; each speaker after is matched
    with one before so that they have the most time in common. `name`: who counts as one speaker after. */
export function differenceOf(before, after, name = (k) => k) {
  const [one, other] = [new Map(), new Map()]; // speakers who talk now, with how many turns of theirs
  const together = new Map(); // ms in which a speaker before and one after talk
  let [longer, total, reached] = [0, 0, 0];
  for (const { ms, open, speaker, change } of edgesOf(before, one, (k) => k).concat(edgesOf(after, other, name)).sort((a, b) => a.ms - b.ms)) {
    const length = ms - reached;
    reached = ms;
    longer += length * Math.max(one.size, other.size);
    total += length * one.size;
    for (const a of one.keys()) for (const b of other.keys()) addTo(addedMap(together, a), b, length);
    addTo(open, speaker, change);
    if (!open.get(speaker)) open.delete(speaker);
  }
  return { wrong: (longer - mostTogether(together)) / 1000, total: total / 1000 };
}

function edgesOf(turns, open, name) {
  return turns.flatMap(({ start, end, speaker }) => [
    { ms: start, open, speaker: name(speaker), change: 1 },
    { ms: end, open, speaker: name(speaker), change: -1 },
  ]);
}

export const addTo = (sums, key, value) => sums.set(key, (sums.get(key) || 0) + value);

function addedMap(rows, key) {
  if (!rows.has(key)) rows.set(key, new Map());
  return rows.get(key);
}

/** The most time in common that a one-to-one mapping of speakers gives. */
function mostTogether(together) {
  const columns = [...new Set([...together.values()].flatMap((row) => [...row.keys()]))];
  const size = Math.max(together.size, columns.length);
  const rows = [...together.values()].map((row) => columns.map((key) => row.get(key) || 0));
  const gains = Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => rows[i]?.[j] || 0));
  return assignment(gains).reduce((sum, j, i) => sum + gains[i][j], 0);
}

/** The column of each row of a square matrix, each column once, with the greatest sum: the Hungarian method of Kuhn
    (1955) with potentials, one row after the other by its shortest augmenting path. */
function assignment(gains) {
  const n = gains.length;
  const [rowPotential, columnPotential] = [new Array(n + 1).fill(0), new Array(n + 1).fill(0)];
  const owner = new Array(n + 1).fill(0); // row of each column, from 1 on; column 0 holds the row that is placed now
  for (let row = 1; row <= n; row++) {
    const [slack, from, seen] = [new Array(n + 1).fill(Infinity), new Array(n + 1).fill(0), new Array(n + 1).fill(false)];
    let column = 0;
    for (owner[0] = row; owner[column]; ) {
      seen[column] = true;
      let [least, next] = [Infinity, 0];
      for (let j = 1; j <= n; j++) {
        if (seen[j]) continue;
        const cost = -gains[owner[column] - 1][j - 1] - rowPotential[owner[column]] - columnPotential[j];
        if (cost < slack[j]) [slack[j], from[j]] = [cost, column];
        if (slack[j] < least) [least, next] = [slack[j], j];
      }
      for (let j = 0; j <= n; j++) {
        if (!seen[j]) slack[j] -= least;
        else {
          rowPotential[owner[j]] += least;
          columnPotential[j] -= least;
        }
      }
      column = next;
    }
    for (; column; column = from[column]) owner[column] = owner[from[column]];
  }
  const chosen = new Array(n);
  for (let j = 1; j <= n; j++) chosen[owner[j] - 1] = j - 1;
  return chosen;
}
