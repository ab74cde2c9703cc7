import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { urlToHttpOptions } from 'node:url';

/** Marathon tries as often before it gives up on a leader that has not settled (4B.1). */
const TRIES = 10;
const PAUSE_MS = 250;
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'content-length',
  'upgrade',
]);

/**
 * What a server that does not lead does with requests (4B.1): it passes them on to the leader, event streams aside, which are
 * redirected there. `/ping` it answers itself.
 * @param self `host:port` of this server
 * @param leader `host:port` of the one that leads, as far as it is known
 */
export function passOn(self: () => string, leader: () => string | undefined): RequestListener {
  // Once this server leads itself, it passes what has waited on to itself.
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (incoming.url === '/ping') return text(response, 200, 'pong');
    if (String(incoming.headers['x-marathon-via'] ?? '').includes(self())) {
      return message(response, 502, 'Detected proxying loop.');
    }
    const body = await bodyOf(incoming);
    if (body === undefined) return message(response, 413, 'request entity too large');
    for (let tries = 0; tries < TRIES; tries++) {
      const to = leader();
      if (to !== undefined && (incoming.url ?? '').startsWith('/v2/events')) {
        response.writeHead(302, { location: `http://${to}${incoming.url}` }).end();
        return;
      }
      if (to !== undefined && (await forwarded(incoming, body, to, self(), response))) return;
      await sleep(PAUSE_MS);
    }
    message(response, 502, 'Could not determine the leader');
  };
  return (incoming, response) => {
    void answer(incoming, response).catch(() => response.destroy());
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** @returns false where it may be tried again: nobody listens there, or the leader ended before it answered a mere question */
function forwarded(
  incoming: IncomingMessage,
  body: Buffer,
  to: string,
  self: string,
  response: ServerResponse,
): Promise<boolean> {
  return new Promise((resolve) => {
    const via = incoming.headers['x-marathon-via'];
    const outgoing = request({
      ...urlToHttpOptions(new URL(`http://${to}`)),
      // As it came: what a client wrote is never read as a part of the address.
      path: incoming.url,
      method: incoming.method,
      agent: false,
      headers: {
        ...passed(incoming.headers),
        'x-marathon-via': via === undefined ? `1.1 ${self}` : `${String(via)}, 1.1 ${self}`,
        ...(body.length > 0 ? { 'content-length': body.length } : {}),
      },
    });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, passed(answer.headers));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
      resolve(true);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const harmless = incoming.method === 'GET' || incoming.method === 'HEAD';
      if (error.code === 'ECONNREFUSED' || (harmless && !response.headersSent)) return resolve(false);
      if (response.headersSent) response.destroy();
      else message(response, 502, `The leader at ${to} does not answer: ${error.message}`);
      resolve(true);
    });
    response.on('close', () => outgoing.destroy());
    outgoing.end(body);
  });
}

const passed = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));

function message(response: ServerResponse, status: number, said: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message: said }));
}

function text(response: ServerResponse, status: number, said: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(said);
}
