/**
 * `node aborted-requests.js <port> <count> <token>`: requests whose clients hang up, by turns: before the reply, in the middle of
 * a long reply, and in the middle of their own body.
 */
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const token = process.argv[4] ?? '';
const AT_ONCE = 32;
const HEAD = `HTTP/1.1\r\nHost: 127.0.0.1\r\nx-waiter-token: ${token}\r\n`;

const KINDS = [
  { text: `GET / ${HEAD}\r\n`, leaves: 'at once' },
  { text: `GET /files/100m ${HEAD}\r\n`, leaves: 'amid the reply' },
  { text: `POST / ${HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(1_000)}`, leaves: 'at once' },
] as const;

let begun = 0;
let ended = 0;

function begin(): void {
  if (begun === count) return;
  const kind = KINDS[begun % KINDS.length] ?? KINDS[0];
  begun += 1;
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.once('connect', () =>
    socket.write(kind.text, () => {
      // Not in the same instant: the request is to be on its way.
      if (kind.leaves === 'at once') setImmediate(() => socket.destroy());
    }),
  );
  socket.once('data', () => socket.destroy());
  socket.once('close', () => {
    ended += 1;
    if (ended === count) process.stdout.write('aborted\n');
    else begin();
  });
}

for (let i = 0; i < AT_ONCE; i += 1) begin();
