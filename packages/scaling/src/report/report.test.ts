import { simulateTicks, TICK_SIMULATION_DEFAULTS, type RequestSimulationResult } from '../simulator';
import { linePlot } from './plot';
import { htmlReport } from './report';
import { tickReport } from './tick-report';

test('the report is one page without script, and what people wrote is escaped', () => {
  const html = htmlReport({ title: '<script>alert(1)</script>', description: 'a & b', results: [] });
  expect(html).not.toContain('<script');
  expect(html).toContain('a &#38; b');
});

test('a plot scales its points into its frame', () => {
  const svg = linePlot(
    [
      {
        label: 'x',
        color: '#000',
        points: [
          [0, 0],
          [10, 7],
        ],
      },
    ],
    {
      title: 't',
      xLabel: String,
      yLabel: String,
    },
  );
  expect(svg).toContain('points="60.0,196.0 890.0,47.3"');
});

const RESULT: RequestSimulationResult = {
  policy: 'kpa',
  requests: 10,
  waitP50Ms: 0,
  waitP99Ms: 1500,
  waitP999Ms: 1600,
  waitMeanMs: 10,
  waitMaxMs: 1700,
  waitedOverStartup: 0.01,
  instanceSeconds: 100,
  startsPlusStops: 4,
  coldStarts: 0,
  utilization: 0.5,
  evaluations: 10,
  timeline: [
    { atMs: 0, demand: 1, instances: 2, queued: 0 },
    { atMs: 1000, demand: 3, instances: 2, queued: 1 },
  ],
};

test('the report marks the best of each figure and draws a timeline for each policy', () => {
  const other = { ...RESULT, policy: 'hpa', waitP99Ms: 900, instanceSeconds: 130 };
  const html = htmlReport({ title: 't', description: 'd', results: [RESULT, other] });
  expect(html).toContain('<td class="best">900 ms</td>');
  expect(html).toContain('<td class="best">100</td>');
  expect(html).not.toContain('<td class="best">130</td>');
  expect(html.match(/<svg /g)).toHaveLength(3);
});

test('the report of ticks has a plot for each group of numbers', () => {
  const states = simulateTicks(
    { ...TICK_SIMULATION_DEFAULTS, totalTicks: 40, startupTicks: 5, idleTicks: 1 },
    { 2: 10 },
  );
  const html = tickReport(states);
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html).toContain('47 requests');
  expect(html).not.toMatch(/NaN|undefined/);
});

test('a logarithmic axis keeps small and large apart and puts zero at the bottom', () => {
  const point = (y: number) => ({ label: String(y), color: '#000', marks: true, points: [[1, y]] as const });
  const svg = linePlot([point(0), point(0.1), point(10)], {
    title: 't',
    xLabel: String,
    yLabel: String,
    yLeast: 0.01,
  });
  const heights = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toEqual([196, 139.3, 26]);
});
