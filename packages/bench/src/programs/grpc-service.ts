/**
 * `node grpc-service.js <port>`: an instance with one unary method, over HTTP/2 without TLS, as cheaply as node can; what it
 * sends is what @grpc/grpc-js sends. A GET is answered for whoever looks whether it is there.
 */
import { createServer } from 'node:http2';

/** Frame of gRPC: not compressed, 5 bytes long, a message whose first field is `pong`. */
const REPLY = Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, ...Buffer.from('pong')]);

const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  if (headers[':method'] === 'GET') {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' });
    stream.end('Hello, World\n');
    return;
  }
  stream.resume();
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'OK' }));
    stream.end(REPLY);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', 4_096);
