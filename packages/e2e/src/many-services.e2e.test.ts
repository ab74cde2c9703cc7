import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { tinyService } from './tiny-service';

const SERVICES = 200;
let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2, workers: 1 });
}, 90_000);
afterAll(() => fleet?.stop(), 120_000);

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? NaN);

it(`${SERVICES} services that are asked for at once all start, and none is lost`, async () => {
  const tokens = Array.from({ length: SERVICES }, (_, n) => `many-${n}`);
  for (const token of tokens) {
    await fleet.client().register(token, tinyService({ name: token }));
  }
  const startedAt = performance.now();
  const answers = await Promise.all(
    tokens.map((token, n) => fleet.client(n % 2).use(token, '/', { 'x-waiter-debug': 'true' })),
  );
  const tookMs = performance.now() - startedAt;
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  process.stdout.write(
    `${SERVICES} services from nothing: first byte p50 ${percentile(times, 0.5)}, p95 ${percentile(times, 0.95)}, ` +
      `last ${percentile(times, 1)} ms; all of them in ${Math.round(tookMs)} ms\n`,
  );
  expect(
    answers.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body}`),
  ).toEqual([]);
  const ids = new Set(answers.map(({ headers }) => headers['x-waiter-service-id']));
  expect(ids.size).toBe(SERVICES);
  // No service got a second instance for its one request, and none is missing.
  await waitFor('every app', async () => (await fleet.apps()).length === SERVICES);
  const { tasks } = (await (
    await fetch(`${fleet.marathon.url}/v2/tasks`, { headers: { accept: 'application/json' } })
  ).json()) as {
    tasks: { appId: string }[];
  };
  expect(tasks).toHaveLength(SERVICES);
  expect(new Set(tasks.map(({ appId }) => appId)).size).toBe(SERVICES);
  // And they go on serving.
  const again = await Promise.all(tokens.map((token, n) => fleet.client((n + 1) % 2).use(token, '/')));
  expect(again.filter(({ status }) => status !== 200)).toEqual([]);
}, 300_000);
