import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream } from 'node:http2';

/** One HTTP request and its response, with what the routes ask of it. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly queryString: string | undefined;
  readonly cid: string;
  /** Bytes of the request body, once it was read. */
  bodyLength = 0;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    this.method = request.method ?? 'GET';
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.queryString = mark < 0 ? undefined : target.slice(mark + 1);
    this.cid = this.header('x-cid') ?? `kitchen-${Math.random().toString(36).slice(2)}`;
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  }

  /** `x-kitchen-<name>` */
  knob(name: string): string | undefined {
    return this.header(`x-kitchen-${name}`);
  }

  /** `x-kitchen-<name>` as a whole number from 0; anything else counts as not given. */
  number(name: string): number | undefined {
    return wholeNumber(this.knob(name));
  }

  /** True if `x-kitchen-<name>` is there and is not `false`. */
  flag(name: string): boolean {
    const value = this.knob(name);
    return value !== undefined && value.toLowerCase() !== 'false';
  }

  query(name: string): string | undefined {
    return this.queryString === undefined
      ? undefined
      : (new URLSearchParams(this.queryString).get(name) ?? undefined);
  }

  /** The stream of HTTP/2 that the messages stand for; undefined with HTTP/1. */
  get stream(): Http2Stream | undefined {
    return (this.response as { readonly stream?: Http2Stream }).stream;
  }

  get isHttp2(): boolean {
    return this.request.httpVersionMajor === 2;
  }

  /** The connection broke off, or the response is over. */
  get gone(): boolean {
    if (this.isHttp2) return this.stream === undefined || this.stream.destroyed || this.stream.closed;
    return this.response.closed || this.response.destroyed;
  }

  /** Breaks the response off: what was written arrives, and then the client sees that something is missing. */
  breakOff(): void {
    const { stream, response } = this;
    if (stream === undefined) response.socket?.destroySoon();
    else setTimeout(() => stream.destroy(new Error('cut')), 20);
  }

  /** True if the request was framed as chunked. */
  get chunked(): boolean {
    return this.header('transfer-encoding')?.toLowerCase().includes('chunked') ?? false;
  }

  /** Waits, or until the client is gone. */
  pause(ms: number): Promise<void> {
    if (ms <= 0 || this.gone) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.response.off('close', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.response.once('close', done);
    });
  }
}

export function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}
