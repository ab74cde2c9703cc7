import type { HeaderMap } from '@waiter/core';
// Not by the index: what goes through its getters is looked up with each request.
import { clientProtocolOf, schemeOf, type HeadSource, type RequestHead } from '../../accept/exchange';
import { newUniqueId } from '../../accept/unique-id';
import { quoted } from '../../respond/json-text';
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
  private readonly uniqueId: string;

  constructor(
    { method, target }: RequestLine,
    readonly fields: RequestFields,
    private readonly socket: HeadSource['socket'],
    readonly startedAt: number,
  ) {
    this.uniqueId = newUniqueId(startedAt);
    this.method = method;
    this.target = target;
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.queryString = mark < 0 ? null : target.slice(mark + 1);
    this.cid = fields.cid === '' ? this.uniqueId : fields.cid;
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

  /** Its ids as a part of a line of the request log. */
  get idsLogText(): string {
    const { cid, uniqueId, fields } = this;
    // Our own id needs no quoting, and the scheme is quoted once for all that share the fields.
    const end = (fields.requestIdEnd ??= quoted(`-${this.scheme}`).slice(1));
    const shown = cid === uniqueId ? `"${uniqueId}"` : quoted(cid);
    return `"cid":${shown},"request-id":"${uniqueId}${end}`;
  }

  get debug(): boolean {
    return this.fields.debug;
  }

  get clientProtocol(): string {
    return clientProtocolOf(this.headers, this.internalProtocol);
  }

  get message(): HeadSource {
    const { method, target: url, socket } = this;
    return { method, url, httpVersion: '1.1', rawHeaders: this.fields.raw, socket };
  }
}
