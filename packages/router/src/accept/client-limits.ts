import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TOO_MANY_CONNECTIONS, TOO_MANY_HEADERS, TOO_MANY_REQUESTS, type Refusal } from './client-error';
import { RequestRate } from './request-rate';

export interface ClientLimitOptions {
  /** Open at once. */
  readonly connections: number;
  readonly requestHeaderCount: number;
  /** Of one connection; 0: any number. */
  readonly requestsPerSecond: number;
}

/** What one client, or all of them together, may ask of a worker, beside what the parser bounds. */
export class ClientLimits {
  private readonly open = new Set<Socket>();
  private readonly rates = new WeakMap<object, RequestRate>();

  constructor(private readonly options: ClientLimitOptions) {}

  /** @returns why the connection is turned away; null: it counts as open until it is closed */
  admit(socket: Socket): Refusal | null {
    if (this.open.size >= this.options.connections) return TOO_MANY_CONNECTIONS;
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    return null;
  }

  /** Cuts every connection that was admitted. */
  destroy(): void {
    for (const socket of this.open) socket.destroy();
  }

  /** Of a request that `node:http` has read. */
  refusalOf({ rawHeaders, socket }: IncomingMessage): Refusal | null {
    const { requestHeaderCount, requestsPerSecond } = this.options;
    if (rawHeaders.length > 2 * requestHeaderCount) return TOO_MANY_HEADERS;
    if (requestsPerSecond === 0) return null;
    let rate = this.rates.get(socket);
    if (rate === undefined) this.rates.set(socket, (rate = new RequestRate()));
    return rate.allows(performance.now(), requestsPerSecond) ? null : TOO_MANY_REQUESTS;
  }
}
