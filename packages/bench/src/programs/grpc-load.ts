/**
 * `node grpc-load.js <port> <calls at once> <seconds> <token>`: unary calls of gRPC on a few connections, by node's own HTTP/2:
 * @grpc/grpc-js would cost more than the proxy.
 */
import { connect, type ClientHttp2Session } from 'node:http2';
import { LoadReport } from './load-report';

const [port, calls, seconds] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const token = process.argv[5] ?? '';
const CALLS_PER_CONNECTION = 8;
const REQUEST = Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from('ping')]);

const report = new LoadReport();
let over = false;

function call(session: ClientHttp2Session): void {
  const sentAt = performance.now();
  let status: unknown;
  const stream = session.request({
    ':method': 'POST',
    ':path': '/bench.Echo/Unary',
    te: 'trailers',
    'content-type': 'application/grpc+proto',
    'user-agent': 'bench',
    'x-waiter-token': token,
  });
  stream.on('data', (bytes: Buffer) => (report.bytes += bytes.length));
  stream.on('trailers', (trailers) => (status = trailers['grpc-status']));
  stream.on('error', () => undefined);
  stream.on('close', () => {
    if (over) return;
    if (status === '0') report.answered(sentAt);
    else report.failed(`grpc-status ${String(status)}`);
    if (!session.destroyed) call(session);
  });
  stream.end(REQUEST);
}

for (let i = 0; i < calls; i += CALLS_PER_CONNECTION) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', (error) => report.failed(error.message));
  for (let j = 0; j < Math.min(CALLS_PER_CONNECTION, calls - i); j += 1) call(session);
}
setTimeout(() => {
  over = true;
  report.tell();
}, seconds * 1000);
