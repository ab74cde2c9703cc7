import { NO_LOAD, type ServiceLoad } from '@waiter/store';
import { Measurements } from './measurements';

const load = (given: Partial<ServiceLoad>): ServiceLoad => ({ ...NO_LOAD, ...given });

test('arrivals and mean demand are those since the last call', () => {
  const measurements = new Measurements(null);
  measurements.observe(load({ total: 10, demandMs: 5_000 }), 0);
  expect(measurements.take()).toEqual({ arrivals: 0, elapsedMs: 0, meanDemand: null });
  measurements.observe(load({ total: 14, demandMs: 6_000 }), 250);
  measurements.observe(load({ total: 15, demandMs: 6_500 }), 500);
  expect(measurements.take()).toEqual({ arrivals: 5, elapsedMs: 500, meanDemand: 3 });
  expect(measurements.take().arrivals).toBe(0);
});

test('service time is slot time over requests that ended', () => {
  const measurements = new Measurements(null);
  // Ten requests per second of 300 ms.
  for (let second = 0; second <= 60; second += 1) {
    measurements.observe(
      load({ total: second * 10, inFlight: 3, inFlightMs: second * 3_000 }),
      second * 1000,
    );
  }
  expect(measurements.measured.serviceMs).toBeGreaterThan(290);
  expect(measurements.measured.serviceMs).toBeLessThan(320);
});

test('a worker that leaves takes its counters along, and nothing negative comes of it', () => {
  const measurements = new Measurements(null);
  measurements.observe(load({ total: 100, inFlightMs: 9_000, demandMs: 9_000 }), 0);
  measurements.observe(load({ total: 20, inFlight: 2, inFlightMs: 2_000, demandMs: 2_000 }), 500);
  expect(measurements.take()).toEqual({ arrivals: 0, elapsedMs: 500, meanDemand: 2 });
  measurements.observe(load({ total: 21, inFlight: 2, inFlightMs: 3_000, demandMs: 3_000 }), 1000);
  expect(measurements.take().arrivals).toBe(1);
});

test('start-up time is that of all phases of a launch, averaged over several', () => {
  const measurements = new Measurements(null);
  const launch = (instanceId: string, ...times: readonly number[]): void => {
    const phases = ['scheduled', 'started', 'ready'] as const;
    times.forEach((tookMs, at) =>
      measurements.launched({ phase: phases[at] ?? 'ready', instanceId, tookMs }),
    );
  };
  launch('never-ready', 50, 100);
  expect(measurements.measured.startupMs).toBeNull();
  launch('a', 50, 150, 1_800);
  expect(measurements.measured.startupMs).toBe(2_000);
  launch('b', 100, 900, 5_000);
  expect(measurements.measured.startupMs).toBe(2_400);
});

test('goes on with what the former leader had measured until it knows better', () => {
  const measurements = new Measurements({ serviceMs: 70, startupMs: 4_000 });
  expect(measurements.measured).toEqual({ serviceMs: 70, startupMs: 4_000 });
});
