import type { RequestSimulationResult } from '../simulator';

type Result = RequestSimulationResult;

/** The columns of tables and reports. `figure` is what is compared, the less the better; null where nothing is. */
export const COLUMNS: readonly (readonly [
  title: string,
  cell: (result: Result) => string,
  figure: ((result: Result) => number) | null,
])[] = [
  ['policy', ({ policy }) => policy, null],
  ['wait p50', ({ waitP50Ms }) => seconds(waitP50Ms), ({ waitP50Ms }) => waitP50Ms],
  ['p99', ({ waitP99Ms }) => seconds(waitP99Ms), ({ waitP99Ms }) => waitP99Ms],
  ['p99.9', ({ waitP999Ms }) => seconds(waitP999Ms), ({ waitP999Ms }) => waitP999Ms],
  [
    '> start-up',
    ({ waitedOverStartup }) => `${(100 * waitedOverStartup).toFixed(2)}%`,
    ({ waitedOverStartup }) => waitedOverStartup,
  ],
  [
    'instance-s',
    ({ instanceSeconds }) => instanceSeconds.toFixed(0),
    ({ instanceSeconds }) => instanceSeconds,
  ],
  [
    'starts+stops',
    ({ startsPlusStops }) => String(startsPlusStops),
    ({ startsPlusStops }) => startsPlusStops,
  ],
  ['cold starts', ({ coldStarts }) => String(coldStarts), ({ coldStarts }) => coldStarts],
  ['utilisation', ({ utilization }) => `${(100 * utilization).toFixed(1)}%`, null],
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
