/** `node idle-connections.js <port> <count> <token>`: opens kept-alive connections, makes one request on each, and holds them. */
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const token = process.argv[4] ?? '';
/** Opened at once. */
const STEP = 50;
let answered = 0;

function open(): void {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.once('connect', () =>
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx-waiter-token: ${token}\r\n\r\n`),
  );
  socket.once('data', (bytes: Buffer) => {
    if (!bytes.toString('latin1').startsWith('HTTP/1.1 200')) process.exit(1);
    answered += 1;
    if (answered === count) process.stdout.write('idle\n');
    else if (answered + STEP <= count) open();
  });
  // Whoever closes them spoils the measurement.
  socket.once('close', () => process.exit(1));
}

for (let i = 0; i < Math.min(STEP, count); i += 1) open();
