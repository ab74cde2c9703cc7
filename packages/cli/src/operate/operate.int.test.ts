import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { createApi } from '@waiter/api';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { addOperateCommands } from './command';

let redis: RedisServer;
let store: Store;
let queues: Queues;
let server: Server;
let url: string;

beforeAll(async () => {
  redis = await startRedis();
  const config = loadConfig({ flags: { redis: redis.url, 'router-user': 'sam' }, env: {} });
  const cluster = config.cluster.name;
  store = await Store.open({ url: redis.url, cluster });
  queues = new Queues({ url: redis.url, cluster });
  queues.worker('scheduler', async (job) => job.name === 'pauses');
  server = createServer(
    createApi({
      store,
      queues,
      config,
      logger: silentLogger,
      metrics: createMetrics(),
      clock: systemClock,
      authenticator: oneUser('sam'),
      entitlement: new Entitlement(new SimpleEntitlementManager('sam')),
      routerId: 'r1',
      port: 9091,
      startedAtMs: Date.now(),
      version: 'test',
      isDraining: () => false,
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = (token: string) =>
    fetch(`${url}/token`, {
      method: 'POST',
      body: JSON.stringify({ token, cmd: token, cpus: 1, mem: 1, version: '1', 'run-as-user': 'sam' }),
    });
  expect([(await post('shop')).status, (await post('idle')).status]).toEqual([200, 200]);
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await queues?.close();
  await store?.close();
  await redis?.stop();
});

/** Runs `waiter <args>`; lines appear as they are written. */
function waiter(...args: string[]): { lines: string[]; done: Promise<unknown>; stop: () => void } {
  const lines: string[] = [];
  const stop = new AbortController();
  const program = new Command('waiter').exitOverride().configureOutput({ writeErr: () => undefined });
  addOperateCommands(program, { write: (line) => lines.push(line), untilStopped: () => stop.signal });
  const done = program.parseAsync([...args, '--url', url], { from: 'user' });
  return { lines, done, stop: () => stop.abort() };
}
const said = async (...args: string[]): Promise<string> => {
  const { lines, done } = waiter(...args);
  await done;
  return lines.join('\n');
};
const idOf = async (token: string): Promise<string> =>
  (await fetch(`${url}/service-id`, { headers: { 'x-waiter-token': token } })).text();

const DECISION = {
  kind: 'scale-up',
  reason: '3 want 3 instances: start 1',
  outcome: 'scaled up to 3',
  asked: 'scale to 3',
  inputs: { inFlight: 2, queued: 1, total: 2, tasks: 2, healthy: 2 },
};

test('explain: by token and by service, in words and as JSON', async () => {
  const id = await idOf('shop');
  expect(await said('explain', 'shop')).toContain('nothing has been decided yet');
  await store.decisions.append(id, { ...DECISION, reason: 'first' });
  await store.decisions.append(id, DECISION);
  const text = await said('explain', 'shop');
  expect(text).toContain(`${id}: Inactive, current`);
  expect(text.indexOf('first')).toBeLessThan(text.indexOf('start 1'));
  for (const part of [
    'demand      3 requests: 2 in flight, 1 queued',
    'asked       scale to 3',
    'scaled up to 3',
  ])
    expect(text).toContain(part);
  expect(await said('explain', id, '--length', '1')).not.toContain('first');
  const lines = (await said('explain', id, '--json')).split('\n').map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ 'service-id': id, kind: 'scale-up', inputs: { 'in-flight': 2 } });
});

test('explain --follow tells what comes, until it is stopped', async () => {
  const id = await idOf('idle');
  const { lines, done, stop } = waiter('explain', 'idle', '--follow');
  await waitFor('it to begin', () => lines.length > 0);
  await store.decisions.append(id, { ...DECISION, reason: 'newly decided' });
  await waitFor('the news', () => lines.some((line) => line.includes('newly decided')));
  stop();
  await done;
  expect(lines.filter((line) => line.includes('newly decided'))).toHaveLength(1);
});

test('scaling pause, status and resume, of a token and of the cluster', async () => {
  const id = await idOf('shop');
  expect(await said('scaling', 'pause', 'shop', '--reason', 'upgrade')).toBe(`${id}: scaling is paused`);
  expect(await said('scaling', 'status')).toMatch(
    new RegExp(`the whole cluster: not paused\n${id}: paused by sam since .*Z: upgrade`),
  );
  expect(await said('explain', 'shop')).toContain('scaling paused by sam');
  expect(await said('scaling', 'resume', 'shop')).toBe(`${id}: scaling goes on`);
  expect(await said('scaling', 'resume', id)).toBe(`${id}: scaling goes on (it was not paused)`);
  expect(await said('scaling', 'pause')).toBe('the whole cluster: scaling is paused');
  expect(await said('scaling', 'status')).toMatch(/^the whole cluster: paused by sam since [^\n]*Z$/);
  expect(await said('scaling', 'resume')).toBe('the whole cluster: scaling goes on');
});

test('mistakes get a sentence', async () => {
  await expect(said('explain', 'nowhere')).rejects.toThrow('there is no service and no token "nowhere"');
  await expect(said('explain', 'shop', '--length', '0')).rejects.toThrow('--length must be');
  await expect(said('scaling', 'pause', '--header', 'nonsense')).rejects.toThrow('a header is written as');
  await expect(said('scaling', 'pause', '--reason', 'x'.repeat(600))).rejects.toThrow(
    'at most 500 characters',
  );
});
