/**
 * `node websocket-load.js <port> <connections> <seconds> <token>`: one message at a time on each WebSocket, the next when the echo
 * is here. On bare sockets, with one frame that was made before: a WebSocket library would cost more than the proxy.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { LoadReport } from './load-report';

const [port, connections, seconds] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const token = process.argv[5] ?? '';
const MASK = randomBytes(4);
const PAYLOAD = Buffer.from('a message of the usual short kind');
/** Text, in one frame (RFC 6455 5.2); what clients send is masked, what they get is not. */
const SENT = Buffer.concat([
  Buffer.from([0x81, 0x80 | PAYLOAD.length]),
  MASK,
  PAYLOAD.map((byte, i) => byte ^ (MASK[i % 4] ?? 0)),
]);
const ECHO = Buffer.concat([Buffer.from([0x81, PAYLOAD.length]), PAYLOAD]);
const handshake = (cookie: string): string =>
  [
    'GET / HTTP/1.1',
    'Host: 127.0.0.1',
    `x-waiter-token: ${token}`,
    ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n');

const report = new LoadReport();
let over = false;

function failed(socket: Socket): void {
  if (over || socket.destroyed) return;
  report.failed('a WebSocket that ended, or answered something else');
  socket.destroy();
}

/** What a browser would have got with any page before: Waiter knows WebSockets by it. Empty from peers, which give none. */
async function cookie(): Promise<string> {
  const reply = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-waiter-token': token } });
  await reply.arrayBuffer();
  return reply.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
}

function open(head: string): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let sentAt = 0;
  let got: Buffer = Buffer.alloc(0);
  const send = (): void => {
    sentAt = performance.now();
    socket.write(SENT);
  };
  const onEcho = (bytes: Buffer): void => {
    got = got.length === 0 ? bytes : Buffer.concat([got, bytes]);
    if (got.length < ECHO.length) return;
    if (!got.equals(ECHO)) return failed(socket);
    got = Buffer.alloc(0);
    report.bytes += ECHO.length;
    report.answered(sentAt);
    if (!over) send();
  };
  socket.on('error', () => failed(socket)).on('end', () => failed(socket));
  socket.once('connect', () => socket.write(head));
  socket.once('data', (bytes) => {
    const answer = bytes.toString('latin1');
    if (!answer.startsWith('HTTP/1.1 101 ') || !answer.endsWith('\r\n\r\n')) return failed(socket);
    socket.on('data', onEcho);
    send();
  });
}

async function main(): Promise<void> {
  const head = handshake(await cookie());
  for (let i = 0; i < connections; i += 1) open(head);
  setTimeout(() => {
    over = true;
    report.tell();
  }, seconds * 1000);
}

void main();
