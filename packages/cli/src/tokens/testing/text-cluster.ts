import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from './real-cluster';

/**
 * For tests: a cluster that keeps the text of tokens as it was posted, as one written in a language with exact numbers
 * does. Etags are counters.
 */
export interface TextCluster {
  readonly url: string;
  readonly texts: Map<string, string>;
  close(): Promise<void>;
}

export async function startTextCluster(): Promise<TextCluster> {
  const texts = new Map<string, string>();
  const etags = new Map<string, string>();
  let writes = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://cluster');
    const token = url.searchParams.get('token') ?? '';
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = texts.get(token);
      if (url.pathname === '/tokens') {
        response.end(
          JSON.stringify(
            [...texts.keys()].map((name) => ({ token: name, deleted: false, etag: etags.get(name) })),
          ),
        );
      } else if (request.method === 'POST') {
        if ((request.headers['if-match'] ?? '') !== (text === undefined ? '' : (etags.get(token) ?? ''))) {
          response.writeHead(412).end('{"waiter-error":{"message":"Cannot modify stale token"}}');
          return;
        }
        writes += 1;
        texts.set(token, Buffer.concat(parts).toString('utf8'));
        etags.set(token, `E-${writes}`);
        response.end('{}');
      } else if (text === undefined) response.writeHead(404).end('{}');
      else response.writeHead(200, { etag: etags.get(token) ?? 'E-0' }).end(text);
    });
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    texts,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
