// The text that the graph has and that of the vault in, the lines that differ out, short enough to be read. Pure.

const MOST_LINES = 8;
const MOST_SIGNS = 200;

/** `- ` the graph's, `+ ` the vault's; what both begin and end with is left out. */
export function diffLines(old: string, now: string): string[] {
  const [a, b] = [old.split('\n'), now.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [
    ...shorten(a.slice(start, a.length - end)).map((line) => `- ${line}`),
    ...shorten(b.slice(start, b.length - end)).map((line) => `+ ${line}`),
  ];
}

function shorten(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MOST_LINES).map((line) => {
    return line.length > MOST_SIGNS ? `${line.slice(0, MOST_SIGNS)}…` : line;
  });
  return lines.length > MOST_LINES ? [...shown, `… ${lines.length - MOST_LINES} more lines`] : shown;
}
