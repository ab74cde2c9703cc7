export type Cell = string | number | null;

/** Numbers get one decimal; what is missing, a dash. */
function text(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') return cell;
  return Number.isInteger(cell) ? String(cell) : cell.toFixed(1);
}

/** Columns of equal width: the first to the left, the others (numbers) to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(text))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const render = (line: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (line[column] ?? '').padEnd(width) : (line[column] ?? '').padStart(width),
      )
      .join('  ')
      .trimEnd();
  const [first = [], ...rest] = lines;
  return [render(first), widths.map((width) => '-'.repeat(width)).join('  '), ...rest.map(render)].join('\n');
}
