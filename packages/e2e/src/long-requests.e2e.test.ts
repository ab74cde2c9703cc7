import { once } from 'node:events';
import { sleep, waitFor } from '@waiter/testkit';
import { WebSocket } from 'ws';
import { Fleet } from './fleet';
import { app, kitchenService } from './kitchen-service';

let fleet: Fleet;
beforeAll(async () => {
  // Clients of a WebSocket are sent away in the second half of this.
  const env = { WAITER_ROUTER_DRAIN_TIMEOUT: '4m' };
  fleet = await Fleet.start({ routers: 1, workers: 2, scalers: 2, env });
}, 90_000);
afterAll(() => fleet?.stop(), 90_000);

const CHUNKS = 40;
const CHUNK = 100;
const PAUSE_MS = 250;

it('a WebSocket and a long stream end in their own time on an instance that is to go, leader change or not', async () => {
  const client = fleet.client();
  await client.register('patient', kitchenService({ name: 'patient', 'concurrency-level': 10 }));
  const first = await client.use('patient', '/hello', { 'x-waiter-debug': 'true' });
  const id = first.headers['x-waiter-service-id'] as string;
  const old = first.headers['x-waiter-backend-id'] as string;
  const socket = new WebSocket(`${client.url.replace('http', 'ws')}/`, {
    headers: { 'x-waiter-token': 'patient', cookie: await client.cookie() },
  });
  const open = new AbortController();
  socket.once('close', (code) => open.abort(new Error(`the WebSocket ended with ${code}`)));
  await once(socket, 'message');
  const echoed = async (text: string): Promise<string> => {
    const reply = once(socket, 'message', { signal: open.signal });
    socket.send(text);
    const [data] = (await reply) as [Buffer];
    return data.toString();
  };
  expect(await echoed('hello')).toContain('hello');
  const stream = client.use('patient', '/chunked', {
    'x-kitchen-chunk-size': String(CHUNK),
    'x-kitchen-chunk-delay': String(PAUSE_MS),
    'x-kitchen-response-size': String(CHUNK * CHUNKS),
  });
  await sleep(500);

  const expired = await client.ask(`/apps/${id}/instance/${old}/expire`, { method: 'POST' });
  expect(expired.status).toBe(200);
  // New requests go to another instance as soon as there is one, and to the old one until then.
  const fresh = await waitFor(
    'another instance to serve',
    async () => {
      const { status, headers } = await client.use('patient', '/hello', { 'x-waiter-debug': 'true' });
      expect(status).toBe(200);
      return headers['x-waiter-backend-id'] !== old && (headers['x-waiter-backend-id'] as string);
    },
    { timeoutMs: 30_000 },
  );
  const draining = (): Promise<unknown> =>
    waitFor('the old one to be closed', async () => {
      for (let n = 0; n < 5; n += 1) {
        const { headers } = await client.use('patient', '/hello', { 'x-waiter-debug': 'true' });
        if (headers['x-waiter-backend-id'] !== fresh) return false;
      }
      return true;
    });
  await draining();
  const leader = await fleet.leader();
  await leader.process.kill();
  fleet.scalers.splice(fleet.scalers.indexOf(leader), 1);
  await waitFor('another leader', async () => (await fleet.leader()).process.pid !== leader.process.pid, {
    timeoutMs: 10_000,
  });
  // A whole stream, and a conversation that goes on.
  for (let n = 0; n < 8; n += 1) {
    expect(await echoed(`message ${n}`)).toContain(`message ${n}`);
    await sleep(1_000);
  }
  const whole = await stream;
  expect([whole.status, whole.body.length]).toEqual([200, CHUNK * CHUNKS]);
  expect(await echoed('still there')).toContain('still there');
  expect((await app(client, id)).instances['killed-instances']).toEqual([]);
  socket.close();
  await once(socket, 'close');
  const after = await waitFor('the old one to be stopped', async () => {
    const { instances } = await app(client, id);
    return instances['killed-instances'].some((each) => each.id === old) && instances;
  });
  expect(after['failed-instances']).toEqual([]);
  expect(after['active-instances'].map((each) => each.id)).toEqual([fresh]);
}, 120_000);
