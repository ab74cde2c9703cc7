import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kitchenCommand } from '@waiter/kitchen';
import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import type { Answer } from './fleet-client';
import { app, kitchenService } from './kitchen-service';

let fleet: Fleet;
beforeAll(async () => {
  // Images count, so that there are some that cannot be had.
  fleet = await Fleet.start({ env: { WAITER_MARATHON_IMAGE: 'docker' } });
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

/** Given up soon: the second failed instance makes the error. */
const IMPATIENT = {
  'grace-period-secs': 1,
  'health-check-interval-secs': 5,
  'health-check-max-consecutive-failures': 1,
  'restart-backoff-factor': 1,
};
interface Pinged {
  readonly 'ping-response': {
    readonly result: string;
    readonly status: number | null;
    readonly body: string;
  };
  readonly 'service-state': {
    readonly status: string;
    readonly 'exists?': boolean;
    readonly 'healthy?': boolean;
  };
}
const ping = async (token: string, timeoutMs: number): Promise<Pinged> => {
  const headers = {
    accept: 'application/json',
    'x-waiter-token': token,
    'x-waiter-timeout': String(timeoutMs),
  };
  const {
    status,
    headers: got,
    body,
  } = await fleet.client().ask('/waiter-ping', { method: 'POST', headers });
  expect([status, got['server']]).toEqual([200, expect.stringMatching(/^waiter\//)]);
  return JSON.parse(body) as Pinged;
};

const GREEDY = 'globalThis.kept = Buffer.alloc(2e8, 1); setInterval(() => undefined, 1000)';
type Kind = readonly [number: string, name: string, message: string, description: Record<string, unknown>];
const KINDS: readonly Kind[] = [
  ['request-path case 74', 'command', 'Invalid startup command', { cmd: 'there-is-no-such-program' }],
  // It takes its memory before it could serve: a quick start would else be sooner than the look at its memory.
  [
    'request-path case 75',
    'starved',
    'Not enough memory allocated',
    { mem: 16, cmd: `exec node -e '${GREEDY}'` },
  ],
  [
    'request-path case 73',
    'unnamed',
    'Health check requires authentication',
    { 'health-check-url': '/bad-status?status=401' },
  ],
  [
    'request-path case 68',
    'unpaid',
    'Health check returned an invalid response',
    { 'health-check-url': '/bad-status?status=402' },
  ],
  ['no case of the spec', 'imaged', 'Image cannot be pulled', { image: 'registry.invalid/app:1' }],
  ['request-path case 69', 'silent', 'Unable to connect to run health checks', { cmd: 'exec sleep 3600' }],
  [
    'request-path case 70',
    'plain',
    'Unable to complete TLS handshake with backend (ensure backend-proto is correctly configured)',
    { 'backend-proto': 'https' },
  ],
  [
    'request-path case 71',
    'secured',
    'Backend is closing socket without responding (ensure backend-proto is correctly configured)',
    { cmd: `exec ${kitchenCommand()} -p $PORT0 --ssl-self-signed` },
  ],
  [
    'request-path case 72',
    'slow',
    'Health check timed out',
    { 'health-check-url': '/sleep?sleep-ms=2000&status=500' },
  ],
];

describe('scaling-and-schedulers case 99: a service that cannot start says why to those who wait, and is Failing', () => {
  // All at once: most of the time they wait for Marathon's health checks.
  const answers = new Map<string, Promise<Answer>>();
  beforeAll(async () => {
    const client = fleet.client();
    for (const [, name, , description] of KINDS) {
      await client.register(name, kitchenService({ name, ...IMPATIENT, ...description }));
      const options = { headers: { 'x-waiter-token': name, accept: 'application/json' }, timeoutMs: 100_000 };
      answers.set(name, client.ask('/', options));
    }
  });

  it.each(KINDS)(
    '%s, %s: %s',
    async (_number, name, message) => {
      const client = fleet.client();
      const answer = await answers.get(name);
      const told = `Deployment error: ${message}`;
      expect([answer?.status, JSON.parse(answer?.body ?? '')]).toEqual([
        503,
        { 'waiter-error': expect.objectContaining({ message: told }) },
      ]);
      const listed = await client.json<{ 'service-id': string; status: string }[]>('/apps');
      const view = listed.find((one) => one['service-id'].includes(`-${name}-`));
      expect(view).toMatchObject({ status: 'Failing', 'deployment-error-message': told });
      // scaling-and-schedulers case 102: the ping of such a service.
      const pinged = await ping(name, 20_000);
      expect(pinged).toMatchObject({
        'ping-response': { status: 503, result: 'received-response' },
        'service-state': { status: 'Failing', 'exists?': true, 'healthy?': false },
      });
      expect(JSON.parse(pinged['ping-response'].body)).toMatchObject({ 'waiter-error': { message: told } });
    },
    120_000,
  );
});

it('what was wrong and is well again serves, and nothing is said of it any more', async () => {
  const client = fleet.client();
  const mark = join(tmpdir(), `waiter-e2e-${process.pid}-mended`);
  const cmd = `test -e ${mark} || exit 3; exec ${kitchenCommand()} -p $PORT0`;
  await client.register('mended', kitchenService({ name: 'mended', ...IMPATIENT, cmd }));
  expect((await client.use('mended', '/')).status).toBe(503);
  await writeFile(mark, '');
  try {
    const answer = await waitFor(
      'a good answer',
      async () => {
        const one = await client.use('mended', '/hello', { 'x-waiter-debug': 'true' });
        return one.status === 200 ? one : undefined;
      },
      { timeoutMs: 40_000 },
    );
    const view = await app(client, String(answer.headers['x-waiter-service-id']));
    expect(view.status).toBe('Running');
    expect(view).not.toHaveProperty('deployment-error-message');
  } finally {
    await rm(mark);
  }
}, 90_000);

it('scaling-and-schedulers case 100: an instance that runs out of memory under a request answers 502, and that is told', async () => {
  const client = fleet.client();
  await client.register('greedy', kitchenService({ name: 'greedy', mem: 200 }));
  const first = await client.use('greedy', '/hello', { 'x-waiter-debug': 'true' });
  expect(first.status).toBe(200);
  const id = String(first.headers['x-waiter-service-id']);
  expect((await client.use('greedy', '/oom-instability')).status).toBe(502);
  await waitFor('the reason', async () => {
    const { body } = await client.get(`/state/${id}`);
    return body.includes('not-enough-memory');
  });
  const { instances } = await app(client, id);
  expect(instances['failed-instances'][0]).toMatchObject({ flags: ['memory-limit-exceeded'] });
}, 90_000);

it('scaling-and-schedulers case 102: /waiter-ping says how a service is', async () => {
  const client = fleet.client();
  await client.register('well', kitchenService({ name: 'well' }));
  expect(await ping('well', 20_000)).toMatchObject({
    'ping-response': { result: 'received-response', status: 200 },
    'service-state': { status: 'Running', 'healthy?': true },
  });
  await client.register('late', kitchenService({ name: 'late', cmd: 'exec sleep 3600' }));
  expect(await ping('late', 1_500)).toMatchObject({
    'ping-response': { result: 'timed-out' },
    'service-state': { status: 'Starting', 'healthy?': false },
  });
  expect(await ping('unknown-token', 1_500)).toMatchObject({
    'ping-response': { result: 'descriptor-error', status: 404 },
  });
}, 90_000);
