import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { kitchenService } from './kitchen-service';

const PAGE = join(__dirname, '..', '..', '..', 'docs', 'reference', 'metrics.md');
const statsd = createSocket('udp4');
const lines: string[] = [];
let fleet: Fleet;
let scaler: string;
let id: string;

beforeAll(async () => {
  statsd.on('message', (message) => lines.push(...message.toString().split('\n')));
  statsd.bind(0, '127.0.0.1');
  await once(statsd, 'listening');
  const statusPort = await freePort();
  scaler = `http://127.0.0.1:${statusPort}`;
  fleet = await Fleet.start({
    routers: 2,
    env: {
      WAITER_SCALER_STATUS_PORT: String(statusPort),
      WAITER_STATSD_HOST: '127.0.0.1',
      WAITER_STATSD_PORT: String(statsd.address().port),
      WAITER_STATSD_PUBLISH_INTERVAL: '300ms',
      WAITER_STATSD_SYNC_INSTANCES_INTERVAL: '300ms',
      WAITER_STATSD_ENVIRONMENT: 'test',
    },
  });
  const client = fleet.client();
  await client.register('measured', kitchenService({ name: 'measured', 'metric-group': 'shop' }));
  const first = await client.use('measured', '/hello', { 'x-waiter-debug': 'true' });
  id = first.headers['x-waiter-service-id'] as string;
  expect((await fleet.client(1).use('measured', '/hello')).status).toBe(200);
}, 90_000);
afterAll(async () => {
  await fleet?.stop();
  statsd.close();
}, 60_000);

const scrape = async (url: string): Promise<string> => (await fetch(`${url}/metrics/prometheus`)).text();
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);

it('every metric is in docs/reference/metrics.md, and everything in there is a metric', async () => {
  const scraped = new Set(
    (await Promise.all([scrape(fleet.client().url), scrape(scaler)])).flatMap((text) => namesIn(text)),
  );
  const documented = new Set(
    [...readFileSync(PAGE, 'utf8').matchAll(/^\| `(waiter_[a-z0-9_]+)`/gm)].map(([, name = '']) => name),
  );
  expect([...scraped].sort()).toEqual([...documented].sort());
});

it('the scaler tells who leads, launches by phase and the depths of queues', async () => {
  const text = await scrape(scaler);
  expect(text).toMatch(/^waiter_scaler_leading 1$/m);
  const { state } = await fleet.client().json<{ state: { epoch: number } }>('/state/leader');
  expect(text).toContain(`waiter_scaler_epoch ${state.epoch}`);
  for (const phase of ['scheduled', 'started', 'ready']) {
    expect(text).toContain(`waiter_launch_seconds_count{service="${id}",phase="${phase}"} 1`);
  }
  expect(text).toContain(`waiter_service_instances{service="${id}",state="healthy"} 1`);
  for (const queue of ['scaling', 'scheduler', 'maintenance']) {
    expect(text).toMatch(new RegExp(`waiter_queue_jobs\\{queue="${queue}",state="failed"\\} \\d+`));
  }
  expect((await fetch(`${scaler}/status`)).status).toBe(200);
});

it('scaling-and-schedulers case 103: every router has jvm, services and waiter; the first request was a cold start', async () => {
  for (const client of fleet.clients) {
    const metrics = await client.json<Record<string, Record<string, Record<string, unknown>>>>('/metrics');
    expect(Object.keys(metrics)).toEqual(['jvm', 'services', 'waiter']);
    expect(metrics['services']?.[id]).toMatchObject({
      counters: { 'request-counts': { total: 1, successful: 1, outstanding: 0 } },
      meters: { 'request-rate': { count: 1, value: expect.any(Number) } },
      timers: { process: { count: 1, value: { '0.5': expect.any(Number) } } },
    });
    expect(metrics['waiter']).toMatchObject({ core: { counters: { 'number-of-routers': 2 } } });
  }
  const cold = await Promise.all(fleet.clients.map(({ url }) => scrape(url)));
  expect(cold[0]).toContain(`waiter_cold_start_seconds_count{service="${id}"} 1`);
  expect(cold[1]).not.toContain(`waiter_cold_start_seconds_count{service="${id}"}`);
});

it('statsd gets responses, instances and launch times by metric group, over UDP', async () => {
  const wanted = [
    /^waiter\.shop\.test\.waiter\.[^.]+\.response_status_200:1\|c$/,
    /^waiter\.shop\.test\.waiter\.instances\.healthy:1\.0\|g$/,
    /^waiter\.shop\.test\.waiter\.services\.active:1\.0\|g$/,
    /^waiter\.shop\.test\.waiter\.mem:64\.0\|g$/,
    /^waiter\.shop\.test\.waiter\.[^.]+\.startup_time_p99:\d+\.\d\|g$/,
    /^waiter\.shop\.test\.waiter\.[^.]+\.schedule_time_p50:\d+\.\d\|g$/,
  ];
  await waitFor('every line', () => wanted.every((pattern) => lines.some((line) => pattern.test(line))), {
    timeoutMs: 10_000,
  });
  expect((await fleet.client().json<{ state: object }>('/state/statsd')).state).toEqual(expect.any(Object));
});
