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
let turn = 0;

createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  const target = targets[turn++ % targets.length];
  if (target === undefined) return;
  proxy.web(request, response, { target }, () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
}).listen(port, '127.0.0.1');
