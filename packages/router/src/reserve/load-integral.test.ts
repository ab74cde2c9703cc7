import { LoadIntegral } from './load-integral';

test('integrates what is in flight and what waits between samples, at whatever distance they are', () => {
  const integral = new LoadIntegral();
  integral.sample(1000, 0, 0);
  integral.sample(1250, 4, 2);
  integral.sample(1350, 4, 0);
  expect(integral.inFlightMs).toBe(250 * 2 + 100 * 4);
  expect(integral.demandMs).toBe(250 * 3 + 100 * 5);
  integral.sample(1350, 0, 0);
  expect(integral.inFlightMs).toBe(900);
});

test("samples give the service time by Little's law", () => {
  // One request of 300 ms each second, looked at every 70 ms.
  const integral = new LoadIntegral();
  for (let nowMs = 0; nowMs <= 700_000; nowMs += 70) integral.sample(nowMs, nowMs % 1000 < 300 ? 1 : 0, 0);
  expect(integral.inFlightMs / 700).toBeGreaterThan(290);
  expect(integral.inFlightMs / 700).toBeLessThan(310);
});
