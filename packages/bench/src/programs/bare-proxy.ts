/**
 * `node bare-proxy.js <port> <instance port>...`: what anybody would write with http-proxy. No Express, no rules, no slots; the
 * same package and the same kind of connection pool as the router's general lane, instances round robin.
 */
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy';

const [port, ...instances] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, scheduling: 'lifo', maxFreeSockets: 1_024 });
const targets = instances.map((one) => ({ protocol: 'http:', host: '127.0.0.1', port: one }));
const proxy = createProxyServer({ agent });
// Of WebSockets; a client that hangs up is one.
proxy.on('error', () => undefined);
let turn = 0;
const next = () => targets[turn++ % targets.length];

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  const target = next();
  if (target === undefined) return;
  proxy.web(request, response, { target }, () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
});
server.on('upgrade', (request, socket, head) => {
  const target = next();
  if (target !== undefined) proxy.ws(request, socket, head, { target });
});
server.listen(port, '127.0.0.1');
