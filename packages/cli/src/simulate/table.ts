import type { RequestSimulationResult } from '@waiter/scaling';

/** The columns of tables and reports. */
export const COLUMNS: readonly (readonly [
  title: string,
  cell: (result: RequestSimulationResult) => string,
])[] = [
  ['policy', ({ policy }) => policy],
  ['wait p50', ({ waitP50Ms }) => seconds(waitP50Ms)],
  ['p99', ({ waitP99Ms }) => seconds(waitP99Ms)],
  ['p99.9', ({ waitP999Ms }) => seconds(waitP999Ms)],
  ['> start-up', ({ waitedOverStartup }) => `${(100 * waitedOverStartup).toFixed(2)}%`],
  ['instance-s', ({ instanceSeconds }) => instanceSeconds.toFixed(0)],
  ['starts+stops', ({ startsPlusStops }) => String(startsPlusStops)],
  ['cold starts', ({ coldStarts }) => String(coldStarts)],
  ['utilisation', ({ utilization }) => `${(100 * utilization).toFixed(1)}%`],
];

const seconds = (ms: number): string =>
  ms === 0 ? '0' : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;

/** Policies by figures, in columns for a terminal: the first to the left, numbers to the right. */
export function formatTable(results: readonly RequestSimulationResult[]): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...results.map((result) => COLUMNS.map(([, cell]) => cell(result))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
