/**
 * The known name nearest to an unknown one, or undefined when nothing is near enough to be meant. A name that was
 * written without its section (`queue-timeout`) means the only one that ends so.
 */
export function nearest(unknown: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  const whole = names.filter((name) => name.toLowerCase().endsWith(unknown.toLowerCase()));
  if (whole.length === 1) return whole[0];
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(unknown.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(unknown.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Insertions, deletions and replacements that turn `from` into `to` (Levenshtein). */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
