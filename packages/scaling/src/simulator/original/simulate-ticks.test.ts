import { REFERENCE_TRACES } from './reference-traces';
import { simulateTicks } from './simulate-ticks';
import { TICK_SIMULATION_DEFAULTS as DEFAULTS, type TickSimulationConfig } from './simulation-config';
import type { TickState } from './tick-state';

const configure = (
  scaling: Partial<TickSimulationConfig['scaling']>,
  rest: Partial<TickSimulationConfig>,
): TickSimulationConfig => ({ ...DEFAULTS, ...rest, scaling: { ...DEFAULTS.scaling, ...scaling } });

const RUNS = {
  A: simulateTicks(
    configure({ scaleDownFactor: 0.001 }, { totalTicks: 40, startupTicks: 5, requestTicks: 5, idleTicks: 1 }),
    { 2: 10 },
  ),
  B: simulateTicks(
    configure(
      { scaleUpFactor: 0.01, scaleDownFactor: 0.001, maxInstances: 500 },
      {
        totalTicks: 3600,
        startupTicks: 30,
        requestTicks: 5,
        idleTicks: 1,
        scaleTicks: 5,
        resources: { cpus: 2, mem: 512 },
        quanta: { cpus: 64, mem: 524_288 },
      },
    ),
    { 600: 100, 1800: -100 },
  ),
  C: simulateTicks(
    configure(
      { scaleDownFactor: 0.001 },
      { totalTicks: 600, startupTicks: 30, requestTicks: 5, idleTicks: 1, scaleTicks: 5 },
    ),
    { 50: 20, 200: 30, 400: -45 },
  ),
  D: simulateTicks(
    configure(
      { scaleUpFactor: 0.5, scaleDownFactor: 0.1, minInstances: 0, maxInstances: 12, jitterThreshold: 0.9 },
      {
        clientsExitImmediately: false,
        totalTicks: 400,
        startupTicks: 10,
        requestTicks: 20,
        idleTicks: 3,
        scaleTicks: 2,
        quanta: { cpus: 6, mem: 100_000 },
      },
    ),
    { 10: 16, 200: -10 },
  ),
};

const columns = (state: TickState): (number | undefined)[] => [
  state.totalInstances,
  state.startingServers.length,
  state.activeRequests.length,
  state.idleServers,
  state.queuedClients.length,
  state.outstandingRequests,
  state.targetInstances,
  state.scaleAmount,
  state.totalClients,
  state.scaleUps,
  state.scaleDowns,
  state.totalRequests,
  state.totalQueueTime,
  state.totalUtilization,
  state.totalWaste,
  state.totalIdleServerTime,
  state.waitTimeMax,
  state.waitTimeMaxEma,
  state.utilizationPercent,
];

/** Numbers are printed with up to six digits after the point, percentages with four. */
function expectRow(state: TickState | undefined, row: string): void {
  const [, ...cells] = row.split(/[|\s]+/).filter((cell) => cell !== '');
  if (state === undefined) throw new Error(`no state for ${row}`);
  const actual = columns(state);
  expect(cells).toHaveLength(actual.length);
  cells.forEach((cell, index) => {
    const number = actual[index];
    if (cell === '–') expect(number).toBeUndefined();
    else expect(number?.toFixed((cell.split('.')[1] ?? '').length)).toBe(cell === '-0' ? '0' : cell);
  });
}

for (const name of ['A', 'B', 'C', 'D'] as const) {
  describe(`trace ${name} (2.6)`, () => {
    const rows = REFERENCE_TRACES[name].trim().split('\n');
    test.each(rows)('%s', (row) => expectRow(RUNS[name][Number.parseInt(row, 10)], row));
  });
}

test('2.3: one state per tick, the initial one first, at most 7200 ticks', () => {
  expect(RUNS.A).toHaveLength(41);
  expect(RUNS.A[0]).not.toHaveProperty('totalClients');
  expect(simulateTicks(configure({}, { totalTicks: 10_000 }), {})).toHaveLength(7201);
});

test('2.4: trace C keeps 27 departures pending for ever; the corrected mode does not', () => {
  expect(RUNS.C.slice(401).map((state) => state.clientsToKill)).toEqual(
    Array.from({ length: 200 }, () => 27),
  );
  const corrected = simulateTicks(
    configure(
      { scaleDownFactor: 0.001 },
      { totalTicks: 600, startupTicks: 30, idleTicks: 1, scaleTicks: 5, countCancelledDepartures: true },
    ),
    { 50: 20, 200: 30, 400: -45 },
  );
  expect(corrected[600]).toMatchObject({ clientsToKill: 0, totalClients: 5 });
});

test('2.5: as many instances as clients with long requests, and none when they have left', () => {
  for (let n = 0; n < 100; n += 1) {
    const states = simulateTicks(
      configure(
        { scaleUpFactor: 0.9, scaleDownFactor: 0.5, minInstances: 0 },
        { idleTicks: 1, requestTicks: 100, startupTicks: 1, totalTicks: 100 },
      ),
      { 25: n, 75: -n },
    );
    expect(states[50]?.totalInstances).toBe(n);
    expect(states[100]?.totalInstances).toBe(0);
  }
});

test('spread durations are whole, at least 1, and repeat with the same numbers', () => {
  const normals = [-20, 0.5, 1.5, -1];
  const run = (): TickState[] => {
    let next = 0;
    const normal = (): number => normals[next++ % normals.length] ?? 0;
    return simulateTicks(configure({}, { totalTicks: 50, startupTicks: 5, normal }), { 1: 5 });
  };
  expect(run()).toEqual(run());
  expect(run().every((state) => state.startingServers.every(Number.isInteger))).toBe(true);
});
