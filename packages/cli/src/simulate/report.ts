import type { RequestSimulationResult } from '@waiter/scaling';
import { escapeText, linePlot } from './plot';
import { COLUMNS } from './table';

export interface Report {
  readonly title: string;
  readonly description: string;
  readonly results: readonly RequestSimulationResult[];
}

const STYLE =
  'body{font:14px sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}table{border-collapse:collapse}' +
  'td,th{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}' +
  'svg{margin-top:1em}';

/** One HTML page with everything in it: the table, and for each policy its instances against the demand. No script. */
export function htmlReport({ title, description, results }: Report): string {
  const head = COLUMNS.map(([name]) => `<th>${escapeText(name)}</th>`).join('');
  const rows = results.map(
    (result) => `<tr>${COLUMNS.map(([, cell]) => `<td>${escapeText(cell(result))}</td>`).join('')}</tr>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeText(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeText(title)}</h1><p>${escapeText(description)}</p>`,
    `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`,
    ...results.map(plotOf),
    '</body></html>',
    '',
  ].join('\n');
}

function plotOf({ policy, timeline }: RequestSimulationResult): string {
  return linePlot(
    [
      { label: 'queued (most)', color: '#c33', points: timeline.map(({ atMs, queued }) => [atMs, queued]) },
      { label: 'demand', color: '#888', points: timeline.map(({ atMs, demand }) => [atMs, demand]) },
      { label: 'instances', color: '#06c', points: timeline.map(({ atMs, instances }) => [atMs, instances]) },
    ],
    { title: policy, xLabel: clock, yLabel: (value) => String(Number(value.toPrecision(3))) },
  );
}

function clock(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 10
    ? `${Math.round(ms / 1000)} s`
    : minutes < 600
      ? `${minutes} min`
      : `${(minutes / 60).toFixed(1)} h`;
}
