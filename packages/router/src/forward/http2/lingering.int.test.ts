import { connect } from 'node:net';
import { startRedis, waitFor, type RedisServer } from '@waiter/testkit';
import { DEFAULT_ROUTER_TIMEOUTS } from '../../options';
import { FRAME, frame, PREFACE } from '../../testing/raw-http2';
import { startRouterUnderTest, type RouterUnderTest } from '../../testing/router-under-test';

let redis: RedisServer;
let router: RouterUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  const timeouts = { ...DEFAULT_ROUTER_TIMEOUTS, clientIdleTimeoutMs: 200 };
  router = await startRouterUnderTest(redis.url, [], { timeouts });
});
afterAll(async () => {
  await router.worker.close();
  await redis.stop();
});

test('a client that never ends its side does not keep an ended connection', async () => {
  const socket = connect({ port: router.port, host: '127.0.0.1', allowHalfOpen: true });
  let [ended, closed] = [false, false];
  socket.on('error', () => undefined);
  socket.on('end', () => (ended = true)).on('close', () => (closed = true));
  socket.resume().write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.SETTINGS, 0, 0)]));
  await waitFor('the idle connection to be ended', () => ended);
  // Only who still sends can learn that nobody listens any more.
  const talk = setInterval(() => socket.write(frame(FRAME.PING, 0, 0, Buffer.alloc(8))), 100);
  try {
    await waitFor('the connection to be gone', () => closed, { timeoutMs: 10_000 });
  } finally {
    clearInterval(talk);
    socket.destroy();
  }
});
