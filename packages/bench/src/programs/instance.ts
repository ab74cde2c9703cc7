/** `node backend.js <port>`: an instance that costs as little as node:http can, so that the proxy is what is measured. */
import { createServer } from 'node:http';

const BODY = Buffer.from('Hello, World\n');

const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': BODY.length }).end(BODY);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
