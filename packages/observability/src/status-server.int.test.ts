import { HealthRegistry } from './health';
import { createMetrics } from './metrics';
import { MetricsPage } from './metrics-page';
import { startStatusServer, type StatusServer } from './status-server';

let server: StatusServer;
let ok = true;
beforeAll(async () => {
  const metrics = createMetrics();
  metrics.gauge({ name: 'scaler_leading', help: 'x' }).set(1);
  const health = new HealthRegistry();
  health.register({ name: 'redis', run: () => ({ ok, message: 'as told' }) });
  server = await startStatusServer({ host: '127.0.0.1', port: 0, page: new MetricsPage(metrics), health });
});
afterAll(() => server.close());
const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

test('metrics in the shape that is asked for', async () => {
  const json = await get('/metrics?exclude-services=true');
  expect(json.headers.get('content-type')).toBe('application/json');
  expect(await json.json()).toEqual({ waiter: { core: { counters: { leader: 1 } } } });
  for (const [path, accept] of [
    ['/metrics', 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1'],
    ['/metrics/prometheus', 'application/json'],
  ] as const) {
    const text = await get(path, { headers: { accept } });
    expect(text.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await text.text()).toContain('waiter_scaler_leading 1');
  }
});

test('status by its health checks', async () => {
  expect((await get('/status')).status).toBe(200);
  ok = false;
  const failing = await get('/status');
  expect(failing.status).toBe(503);
  expect(await failing.json()).toEqual({
    status: 'failing',
    checks: { redis: { ok: false, message: 'as told' } },
  });
});

test('reads only, and nothing else', async () => {
  expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
  expect((await get('/other')).status).toBe(404);
});
