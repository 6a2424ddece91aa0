// "Did you mean …?": the nearest known word to one that is not known.

/**
 * Edits that turn `a` into `b`: a character added, dropped, replaced, or two neighbours swapped, 1 each
 * (Damerau–Levenshtein, no place edited twice). Characters are code points; case counts.
 */
export function distance(a: string, b: string): number {
  const from = [...a];
  const to = [...b];
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      let best = Math.min(last[column]! + 1, current[column - 1]! + 1, replaced);
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, beforeLast[column - 2]! + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}

/**
 * The candidate nearest to `word`, case aside, if at most `maxDistance` edits away; among equals the one
 * nearest in case, then the first. By default a third of the word's length, at least 1.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  maxDistance: number = Math.max(1, Math.floor(word.length / 3)),
): string | null {
  let best: { candidate: string; score: number } | null = null;
  const lowered = word.toLowerCase();
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > maxDistance * 2) continue;
    const edits = distance(lowered, candidate.toLowerCase());
    if (edits > maxDistance) continue;
    const score = edits + distance(word, candidate) / (word.length + candidate.length + 1);
    if (!best || score < best.score) best = { candidate, score };
  }
  return best?.candidate ?? null;
}
