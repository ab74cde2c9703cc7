import type { HeaderMap } from '@waiter/core';
import { clientProtocolOf, newUniqueId, schemeOf, type HeadSource, type RequestHead } from '../../accept';
import type { RequestFields } from './message/request-fields';
import type { RequestLine } from './message/request-line';

/** The head of a plain request, as the other folders see it. What is seldom asked for is worked out when it is. */
export class LaneHead implements RequestHead {
  readonly method: string;
  target: string;
  readonly path: string;
  readonly queryString: string | null;
  readonly cid: string;
  readonly internalProtocol = 'HTTP/1.1';
  readonly isWebSocket = false;
  readonly arrivedAtMs = Date.now();
  private readonly uniqueId = newUniqueId();

  constructor(
    { method, target }: RequestLine,
    readonly fields: RequestFields,
    private readonly socket: HeadSource['socket'],
    readonly startedAt: number,
  ) {
    this.method = method;
    this.target = target;
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.queryString = mark < 0 ? null : target.slice(mark + 1);
    this.cid = fields.headers['x-cid'] || this.uniqueId;
  }

  get headers(): HeaderMap {
    return this.fields.headers;
  }

  get host(): string | null {
    return this.headers['host'] ?? null;
  }

  get scheme(): string {
    return schemeOf(this.headers, this.socket);
  }

  get requestId(): string {
    return `${this.uniqueId}-${this.scheme}`;
  }

  get debug(): boolean {
    return this.headers['x-waiter-debug'] !== undefined;
  }

  get clientProtocol(): string {
    return clientProtocolOf(this.headers, this.internalProtocol);
  }

  get message(): HeadSource {
    const { method, target: url, socket } = this;
    return { method, url, httpVersion: '1.1', rawHeaders: this.fields.raw, socket };
  }
}
