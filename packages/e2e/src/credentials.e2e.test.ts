import { kitchenCommand } from '@waiter/kitchen';
import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import { app, healthyInstances, kitchenService } from './kitchen-service';

/** A Marathon that asks for credentials, and services whose health checks do (spec: 3.6, 4A.3, issue 5 scope 3 and 4). */
let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({
    env: {
      WAITER_MINI_MARATHON_CREDENTIALS: 'waiter:s3cret',
      WAITER_MARATHON_USERNAME: 'waiter',
      WAITER_MARATHON_PASSWORD: 's3cret',
      WAITER_MARATHON_AUTHENTICATED_HEALTH_CHECKS: 'true',
    },
  });
}, 90_000);
afterAll(() => fleet?.stop(), 60_000);

it('services start, grow, show their logs and stop on a Marathon with basic authentication, of which no secret is shown', async () => {
  expect((await fetch(`${fleet.marathon.url}/v2/apps`)).status).toBe(401);
  const client = fleet.client();
  await client.register('guarded', kitchenService({ name: 'guarded', 'min-instances': 2 }));
  const answer = await client.use('guarded', '/hello', { 'x-waiter-debug': 'true' });
  expect(answer.status).toBe(200);
  const id = String(answer.headers['x-waiter-service-id']);
  await waitFor('two instances', async () => (await healthyInstances(client, id)) === 2, {
    timeoutMs: 20_000,
  });
  const [instance] = (await app(client, id)).instances['active-instances'];
  const logs = await client.json<{ name: string }[]>(
    `/apps/${id}/logs?instance-id=${instance?.id}&host=${instance?.host}`,
  );
  expect(logs.map(({ name }) => name)).toEqual(['stderr', 'stdout']);
  const { body } = await client.get('/settings', { accept: 'application/json' });
  expect(body).not.toContain('s3cret');
  const gone = await client.ask(`/apps/${id}`, { method: 'DELETE', headers: { accept: 'application/json' } });
  expect(gone.status).toBe(200);
}, 60_000);

it('request-path case 86: a service whose health check asks for its password serves, is checked by Waiter alone, and its ping is answered', async () => {
  const cmd = `exec ${kitchenCommand()} -p $PORT0 --enable-health-check-authentication`;
  const client = fleet.client();
  const description = kitchenService({ name: 'named', cmd, 'health-check-authentication': 'standard' });
  await client.register('named', description);
  const answer = await client.use('named', '/hello', { 'x-waiter-debug': 'true' });
  expect(answer.status).toBe(200);
  const id = String(answer.headers['x-waiter-service-id']);
  expect(await healthyInstances(client, id)).toBe(1);
  const authorization = `Basic ${Buffer.from('waiter:s3cret').toString('base64')}`;
  const marathon = await fetch(`${fleet.marathon.url}/v2/apps/${id}`, { headers: { authorization } });
  expect(await marathon.json()).toMatchObject({ app: { healthChecks: [], tasksRunning: 1 } });
  const ping = await client.get('/waiter-ping', { 'x-waiter-token': 'named' });
  const user = process.env['USER'] ?? 'root';
  expect(JSON.parse(ping.body)).toMatchObject({
    'ping-response': { status: 200, result: 'received-response', body: `Hello ${user}` },
    'service-state': { 'exists?': true, 'healthy?': true, status: 'Running' },
  });
}, 60_000);
