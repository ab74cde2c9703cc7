import { Fleet } from './fleet';
import { kitchenService } from './kitchen-service';

const USER = process.env['USER'] ?? 'root';

/** A backend that nobody here wrote. */
const FILES = {
  cmd: 'python3 -m http.server $PORT0',
  'health-check-url': '/',
  cpus: 0.1,
  mem: 128,
  version: '1',
  'run-as-user': USER,
};

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ workers: 2 });
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

describe('the first request', () => {
  it('starts a foreign backend, reached by Host, by x-waiter-token, and by headers alone', async () => {
    const client = fleet.client();
    await client.register('files.example', FILES);
    expect(await fleet.apps()).toEqual([]);
    const byHost = await client.get('/', { host: 'files.example' });
    expect({ status: byHost.status, listing: byHost.body.includes('Directory listing') }).toEqual({
      status: 200,
      listing: true,
    });
    const byToken = await client.use('files.example', '/');
    expect(byToken.status).toBe(200);
    const byHeaders = await client.get('/', {
      'x-waiter-cmd': FILES.cmd,
      'x-waiter-health-check-url': '/',
      'x-waiter-cpus': '0.1',
      'x-waiter-mem': '128',
      'x-waiter-version': '1',
      'x-waiter-run-as-user': USER,
      'x-waiter-permitted-user': USER,
      'x-waiter-name': 'onthefly',
    });
    expect({ status: byHeaders.status, body: byHeaders.body }).toMatchObject({ status: 200 });
    expect(byHeaders.body).toContain('Directory listing');
    expect((await fleet.apps()).filter((id) => id.includes('onthefly-'))).toHaveLength(1);
  });

  it('passes method, path, query bytes, body and headers as the specification says', async () => {
    const client = fleet.client();
    await client.register('kitchen', kitchenService());
    const query = "q=~`!@$%^&*()_-+={}[]|:;'<>,.?&foo=%12jhsdf";
    const echo = await client.ask(`/request-info?${query}`, {
      method: 'POST',
      body: 'Hello.World',
      headers: { 'x-waiter-token': 'kitchen', 'x-cid': '1234567890', 'x-waiter-debug': 'true' },
    });
    const seen = JSON.parse(echo.body) as Record<string, unknown> & { headers: Record<string, string> };
    expect(seen).toMatchObject({ 'query-string': query, 'request-method': 'post' });
    expect(seen.headers).toMatchObject({
      'x-cid': '1234567890',
      'content-length': '11',
      'x-waiter-auth-principal': USER,
    });
    expect(Object.keys(seen.headers)).not.toContain('x-waiter-token');
    expect(echo.headers['x-cid']).toBe('1234567890');
    expect(echo.headers['x-waiter-service-id']).toMatch(/^waiter-service-kitchen-/);
    expect(echo.headers['x-waiter-backend-id']).toBeTruthy();
  });

  it('request-path case 48: waits for an instance that takes its time to start, within its grace period', async () => {
    const client = fleet.client();
    const { cmd } = kitchenService();
    const description = { name: 'slow', cmd: `sleep 5 && ${String(cmd)}`, 'grace-period-secs': 120 };
    await client.register('slow', kitchenService(description));
    const answer = await client.use('slow', '/hello', { 'x-waiter-debug': 'true' });
    expect([answer.status, answer.body]).toEqual([200, 'Hello World']);
    expect(Number(answer.headers['x-waiter-get-available-instance-ns'])).toBeGreaterThanOrEqual(5e9);
  }, 60_000);

  it('cold-starts once for many first requests at the same time', async () => {
    const client = fleet.client();
    await client.register('many', kitchenService({ name: 'many', 'concurrency-level': 50 }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.use('many', '/hello')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const [id = ''] = (await fleet.apps()).filter((one) => one.includes('-many-'));
    const { instances } = await client.json<{ instances: { 'active-instances': unknown[] } }>(`/apps/${id}`);
    expect(instances['active-instances']).toHaveLength(1);
  });
});
