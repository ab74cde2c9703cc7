import { formatDuration } from '@waiter/core';
import type { Comparison, Distribution, RequestSimulationResult } from '../simulator';
import { clockLabel, clockLines, numberLabel } from './axis';
import { escapeText, linePlot, type Series } from './plot';
import { COLUMNS } from './table';

export interface Report {
  readonly title: string;
  readonly description: string;
  readonly results: readonly RequestSimulationResult[];
}

/** Also what `/sim` serves; no colour depends on a theme. */
export const REPORT_STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; } .quiet { color: #666; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
td, th { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; } .best { font-weight: 600; color: #0a6b2d; }
svg { display: block; margin-top: .8rem; }
`;

/** One HTML page with everything in it: the table, and for each policy its instances against the demand. No script. */
export function htmlReport(report: Report): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escapeText(report.title)}</title><style>${REPORT_STYLE}</style></head><body>`,
    `<h1>${escapeText(report.title)}</h1>`,
    reportBody(report),
    '</body></html>',
    '',
  ].join('\n');
}

/** The same without title, as a part of a page. */
export function reportBody({ description, results }: Omit<Report, 'title'>): string {
  const head = COLUMNS.map(([name]) => `<th>${escapeText(name)}</th>`).join('');
  const rows = results.map((result) => {
    const cells = COLUMNS.map(([, cell, figure]) => {
      const best =
        figure !== null && results.length > 1 && results.every((other) => figure(result) <= figure(other));
      return `<td${best ? ' class="best"' : ''}>${escapeText(cell(result))}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return [
    `<p class="quiet">${escapeText(description)}</p>`,
    `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`,
    ...(results.some(({ timeline }) => timeline.length > 0)
      ? ['<h2>Wait and cost</h2>', tradeOff(results), '<h2>Instances and demand</h2>']
      : []),
    ...results.map(timelineOf),
  ].join('\n');
}

/** One line on what was simulated. */
export function describeComparison(comparison: Omit<Comparison, 'trace'>): string {
  const { service, startup, limits, routers, seed } = comparison;
  const time = ({ kind, meanMs }: Distribution): string => `${formatDuration(meanMs)} (${kind})`;
  return [
    `service time ${time(service)}`,
    `start-up ${time(startup)}`,
    `concurrency-level ${limits.concurrencyLevel}`,
    `instances ${limits.minInstances} to ${limits.maxInstances}`,
    `routers ${routers}`,
    `seed ${seed}`,
  ].join(', ');
}

/** Every policy as a point: the nearer to the corner, the better. */
function tradeOff(results: readonly RequestSimulationResult[]): string {
  const points = results.map(({ policy, waitP99Ms, instanceSeconds }, index): Series => ({
    label: policy,
    color: COLORS[index % COLORS.length] ?? '#000',
    points: [[instanceSeconds / 1000, waitP99Ms / 1000]],
    marks: true,
  }));
  return linePlot(points, {
    title: 'wait p99 (s, logarithmic) over instance-seconds (thousands)',
    xLabel: numberLabel,
    yLabel: numberLabel,
    yLeast: 0.01,
  });
}

function timelineOf({ policy, timeline }: RequestSimulationResult): string {
  if (timeline.length === 0) return '';
  // A queue that grows out of the frame would flatten everything else.
  const most = 1.2 * Math.max(1, ...timeline.map(({ instances }) => instances));
  return linePlot(
    [
      { label: 'queued (most)', color: '#c33', points: timeline.map(({ atMs, queued }) => [atMs, queued]) },
      {
        label: 'demand',
        color: '#999',
        points: timeline.map(({ atMs, demand }) => [atMs, demand]),
        fill: true,
      },
      { label: 'instances', color: '#06c', points: timeline.map(({ atMs, instances }) => [atMs, instances]) },
    ],
    { title: policy, xLabel: clockLabel, xLines: clockLines, yLabel: numberLabel, yMost: most },
  );
}

const COLORS = ['#06c', '#c33', '#0a6b2d', '#b60', '#808', '#088', '#555'];
