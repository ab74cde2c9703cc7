import { Fleet } from './fleet';
import { kitchenService } from './kitchen-service';

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };
const messageOf = (body: string): string =>
  (JSON.parse(body) as { 'waiter-error': { message: string } })['waiter-error'].message;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start();
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

describe('what goes wrong is said, soon', () => {
  it('a command that exits 1: waiting clients get 503 with the reason long before the queue timeout', async () => {
    const client = fleet.client();
    await client.register('broken', kitchenService({ name: 'broken', cmd: 'exit 1' }));
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => client.use('broken', '/', { accept: 'application/json' })),
    );
    for (const { status, body, ms } of answers) {
      expect({ status, message: messageOf(body) }).toEqual({
        status: 503,
        message: 'Deployment error: Invalid startup command',
      });
      expect(ms).toBeLessThan(20_000);
    }
    const [id = ''] = (await fleet.apps()).filter((one) => one.includes('-broken-'));
    const app = await client.json<{
      status: string;
      instances: { 'failed-instances': { 'exit-code': number }[] };
    }>(`/apps/${id}`);
    expect(app.status).toBe('Failing');
    expect(app.instances['failed-instances'][0]?.['exit-code']).toBe(1);
  }, 40_000);

  it('a queue timeout says how long and what to look at', async () => {
    const client = fleet.client();
    await client.register('sleeper', kitchenService({ name: 'sleeper', cmd: 'sleep 3600' }));
    const answer = await client.use('sleeper', '/', {
      accept: 'application/json',
      'x-waiter-queue-timeout': '1500',
    });
    expect(answer.status).toBe(503);
    expect(messageOf(answer.body)).toContain('After 1 seconds, no instance available to handle request.');
  });

  it.each([
    ['bad JSON', "i'm bad at json", 400, 'Invalid JSON payload'],
    ['an unknown key', '{"token":"tt","cpus":1,"no-such":1}', 400, 'Unsupported key(s) in token'],
    ['a wrong type', '{"token":"tt","cpus":"one"}', 400, 'cpus must be a positive number'],
    ['no parameters', '{"token":"tt"}', 400, 'No parameters provided for tt'],
    ['a bad name', '{"token":"bad#token","cpus":1}', 400, 'Token contains invalid character: "#"'],
  ])('POST /token with %s', async (_what, body, status, message) => {
    const answer = await fleet.client().ask('/token', { method: 'POST', headers: JSON_HEADERS, body });
    expect(answer.status).toBe(status);
    expect(messageOf(answer.body)).toContain(message);
  });

  it('requests for tokens that are missing or make no service', async () => {
    const client = fleet.client();
    const missing = await client.use('missing_token', '/', JSON_HEADERS);
    expect([missing.status, messageOf(missing.body)]).toEqual([404, 'Token not found: missing_token']);
    const nothing = await client.get('/', { host: 'nothing.example', ...JSON_HEADERS });
    expect(nothing.status).toBe(400);
    expect(messageOf(nothing.body)).toContain('Unable to identify service using waiter headers/token');
    await client.register('partial', { version: '1' });
    const partial = await client.use('partial', '/', JSON_HEADERS);
    expect(partial.status).toBe(400);
    expect(messageOf(partial.body)).toContain('improperly configured');
    expect((await client.get('/no/such/route', JSON_HEADERS)).status).toBe(404);
  });

  it('an instance that dies under a request answers 502, and is replaced', async () => {
    const client = fleet.client();
    await client.register('mortal', kitchenService({ name: 'mortal' }));
    expect((await client.use('mortal', '/hello')).status).toBe(200);
    const died = await client.use('mortal', '/die');
    expect([died.status, died.body]).toEqual([
      502,
      expect.stringContaining('Request to service backend failed'),
    ]);
    expect((await client.use('mortal', '/hello')).status).toBe(200);
  }, 40_000);
});
