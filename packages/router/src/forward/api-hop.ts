import { Agent } from 'node:http';
import { WaiterError } from '@waiter/core';
import { Exchange } from '../accept';
import type { RouterTimeouts } from '../options';
import type { ForwarderParts } from './forwarder';
import { connectionTokens, isHopByHop } from './hop-by-hop';
import { Bridge } from './http2/bridge';
import { passedTrailers } from './http2/fields';
import { Http1Request } from './http2/http1-request';
import { Http1Side } from './http2/http1-side';
import type { ClientSide, ReplyHead } from './http2/sides';
import type { StreamExchange } from './http2/stream-exchange';
import { failureError } from './outcome';
import { responseHeaders } from './response-headers';

export interface ApiHopParts {
  readonly product: string;
  readonly timeouts: RouterTimeouts;
  /** null: no API is served here. */
  readonly socketPath: string | null;
  readonly onHead: ForwarderParts['onHead'];
}

const MAX_HEAD_BYTES = 131_072;
/** Tells the API how a client speaks that does not speak HTTP/1.1; the client cannot say it itself. */
const INTERNAL_PROTOCOL = 'x-waiter-internal-protocol';

/** Passes requests for Waiter itself to the node's control process, over its local socket. */
export class ApiHop {
  private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 30_000 });

  constructor(private readonly parts: ApiHopParts) {}

  /** @throws WaiterError when the API does not answer */
  async forward(exchange: Exchange | StreamExchange): Promise<void> {
    const { socketPath, timeouts } = this.parts;
    const client = exchange instanceof Exchange ? new Http1Side(exchange) : exchange;
    const { head } = client;
    if (socketPath === null) throw new WaiterError('Not found', { status: 404 });
    const outcome = await Bridge.carry({
      client,
      instance: new Http1Request({
        target: { protocol: 'http:', host: 'localhost', port: 80, socketPath },
        agent: this.agent,
        method: head.method,
        path: head.target,
        headers: this.requestHeaders(client),
        responseHeadBytes: MAX_HEAD_BYTES,
        sendsTrailers: true,
      }),
      connectTimeoutMs: timeouts.connectTimeoutMs,
      socketTimeoutMs: timeouts.socketTimeoutMs,
      streamingTimeoutMs: timeouts.streamingTimeoutMs,
      // The API bounds what it reads.
      bodyLimit: 0,
      onHead: (reply) => {
        const headers = this.responseHeaders(client, reply);
        client.respond(reply, headers);
        this.parts.onHead(head, client.facts, reply.status, headers);
        return !reply.ended;
      },
      onTrailers: passedTrailers,
      isBusy: () => false,
    });
    if (outcome.kind !== 'failed') return;
    if (outcome.reason === 'client-idle' || outcome.reason === 'unsendable') throw failureError(outcome, {});
    throw new WaiterError(`The API of this router does not answer: ${head.path}`, {
      status: 503,
      cause: outcome.error,
    });
  }

  /** Unlike for services, `x-waiter-*` and credentials pass: they are meant for the API. */
  private requestHeaders({ head, hasBody }: ClientSide): Record<string, string> {
    const named = connectionTokens(head.headers['connection']);
    const sent: Record<string, string> = {};
    for (const name in head.headers) {
      if (name === 'expect' || name === '__proto__' || name === INTERNAL_PROTOCOL) continue;
      if (!isHopByHop(name, named)) sent[name] = head.headers[name] ?? '';
    }
    if (hasBody && head.headers['content-length'] === undefined) sent['transfer-encoding'] = 'chunked';
    sent['x-cid'] = head.cid;
    sent['x-forwarded-proto'] ??= head.scheme;
    sent['x-forwarded-for'] ??= head.message.socket.remoteAddress ?? '';
    if (head.internalProtocol !== 'HTTP/1.1') sent[INTERNAL_PROTOCOL] = head.internalProtocol;
    return sent;
  }

  private responseHeaders({ head }: ClientSide, { rawHeaders }: ReplyHead): string[] {
    const { product } = this.parts;
    const raw = rawHeaders.filter((_, i, all) => !/^(?:via|server|date)$/i.test(all[i - (i % 2)] ?? ''));
    const additions = { cid: head.cid, product, way: {}, cors: null, cookies: null, ownCookies: true };
    return [...responseHeaders(raw, head.message.httpVersion, additions), 'server', product];
  }

  close(): void {
    this.agent.destroy();
  }
}
