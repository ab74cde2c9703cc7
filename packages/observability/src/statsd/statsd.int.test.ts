import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { silentLogger } from '../logger';
import { startStatsd } from './statsd';

let server: Socket;
const datagrams: string[] = [];
beforeEach(async () => {
  datagrams.length = 0;
  server = createSocket('udp4').on('message', (message) => datagrams.push(message.toString()));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise<void>((done) => server.close(done)));

const start = (host: string) =>
  startStatsd({
    host,
    port: server.address().port,
    environment: 'test',
    cluster: 'c',
    server: 's',
    histogramMaxSize: 10,
    publishIntervalMs: 20,
    refreshIntervalMs: 1_000,
    logger: silentLogger,
  });

test('sends sums to a real socket, by the name of its host, and the rest at the end', async () => {
  const statsd = start('localhost');
  statsd.counter('g', 'requests', 5);
  await once(server, 'message');
  expect(datagrams).toEqual(['waiter.g.test.c.s.requests:5|c']);
  statsd.gauge('g', 'cpus', 1);
  await Promise.all([once(server, 'message'), statsd.close()]);
  expect(datagrams).toEqual(['waiter.g.test.c.s.requests:5|c', 'waiter.g.test.c.cpus:1.0|g']);
});

test('as many lines in a datagram as a network carries', async () => {
  const statsd = start('127.0.0.1');
  for (let n = 0; n < 100; n++) statsd.gauge('group', `metric.number.${n}`, n);
  await statsd.close();
  while (datagrams.join('\n').split('\n').length < 100) await once(server, 'message');
  expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(1_400);
  expect(datagrams.length).toBeLessThan(10);
});

test('a host that nobody knows stops nothing', async () => {
  const statsd = start('nowhere.invalid');
  statsd.counter('g', 'requests');
  await statsd.close();
  expect(datagrams).toEqual([]);
});
