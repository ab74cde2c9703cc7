import { Agent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { WaiterError } from '@waiter/core';
import type { Exchange } from '../accept';
import type { RouterTimeouts } from '../options';
import { connectionTokens, isHopByHop } from './hop-by-hop';
import { failureError } from './outcome';
import type { Proxy } from './proxy';
import { responseHeaders } from './response-headers';

export interface ApiHopParts {
  readonly proxy: Proxy;
  readonly product: string;
  readonly timeouts: RouterTimeouts;
  /** null: no API is served here. */
  readonly socketPath: string | null;
}

/** Passes requests for Waiter itself to the node's control process, over its local socket. */
export class ApiHop {
  private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 30_000 });

  constructor(private readonly parts: ApiHopParts) {}

  /** @throws WaiterError when the API does not answer */
  async forward(exchange: Exchange): Promise<void> {
    const { proxy, socketPath, timeouts } = this.parts;
    const { head } = exchange;
    if (socketPath === null) throw new WaiterError('Not found', { status: 404 });
    const outcome = await proxy.send({
      exchange,
      target: { protocol: 'http:', host: 'localhost', port: 80, socketPath },
      agent: this.agent,
      headers: this.requestHeaders(exchange),
      connectTimeoutMs: timeouts.connectTimeoutMs,
      socketTimeoutMs: timeouts.socketTimeoutMs,
      streamingTimeoutMs: timeouts.streamingTimeoutMs,
      onHead: (reply) => this.writeHead(exchange, reply),
    });
    if (outcome.kind !== 'failed') return;
    if (outcome.reason === 'client-idle' || outcome.reason === 'unsendable') throw failureError(outcome, {});
    throw new WaiterError(`The API of this router does not answer: ${head.path}`, {
      status: 503,
      cause: outcome.error,
    });
  }

  /** Unlike for services, `x-waiter-*` and credentials pass: they are meant for the API. */
  private requestHeaders({ head }: Exchange): Record<string, string> {
    const named = connectionTokens(head.headers['connection']);
    const sent: Record<string, string> = {};
    for (const name in head.headers) {
      if (name === 'expect' || name === '__proto__' || isHopByHop(name, named)) continue;
      sent[name] = head.headers[name] ?? '';
    }
    if (head.headers['transfer-encoding'] !== undefined) sent['transfer-encoding'] = 'chunked';
    sent['x-cid'] = head.cid;
    sent['x-forwarded-proto'] ??= head.scheme;
    sent['x-forwarded-for'] ??= head.message.socket.remoteAddress ?? '';
    return sent;
  }

  private writeHead({ head, response }: Exchange, reply: IncomingMessage): void {
    const { product } = this.parts;
    const raw = reply.rawHeaders.filter(
      (_, i, all) => !/^(?:via|server|date)$/i.test(all[i - (i % 2)] ?? ''),
    );
    const additions = { cid: head.cid, product, debug: {}, ownCookies: true };
    const headers = responseHeaders(raw, head.message.httpVersion, additions);
    response.writeHead(reply.statusCode ?? 502, reply.statusMessage ?? '', [
      ...headers,
      'server',
      product,
    ] as string[]);
  }

  close(): void {
    this.agent.destroy();
  }
}
