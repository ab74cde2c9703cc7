import type { ServerResponse } from 'node:http';
import type { Exchange, RequestFacts, RequestHead } from '../../accept';
import { breakOff } from '../break-off';
import { sendInterim } from '../interim';
import { mayHaveBody } from '../outgoing';
import { StallTimer } from '../stall-timer';
import { pairs } from './fields';
import type { ClientListener, ClientSide, ReplyHead } from './sides';
import { Upload } from './upload';

/** A client of the general lane as one side of a bridge. */
export class Http1Side implements ClientSide {
  readonly upload: Upload;
  readonly hasBody: boolean;
  private readonly response: ServerResponse;
  private listener: ClientListener | null = null;
  private stalling: StallTimer | null = null;
  private begun = false;

  constructor(private readonly exchange: Exchange) {
    const { request, response, head } = exchange;
    this.response = response;
    this.hasBody = mayHaveBody(head);
    this.upload = new Upload({
      source: request,
      hasBody: this.hasBody,
      isWhole: () => request.complete,
      trailers: () => request.rawTrailers,
    });
    response.on('drain', () => {
      this.stalling?.proceed();
      this.listener?.onClientDrain();
    });
    response.once('close', () => this.stalling?.proceed());
  }

  get head(): RequestHead {
    return this.exchange.head;
  }

  get facts(): RequestFacts {
    return this.exchange.facts;
  }

  get over(): boolean {
    return this.exchange.over;
  }

  get gone(): boolean {
    return this.exchange.gone;
  }

  onAbort(listener: () => void): void {
    this.exchange.onAbort(listener);
  }

  listen(listener: ClientListener | null, streamingTimeoutMs: number): void {
    this.listener = listener;
    if (listener === null) return;
    this.stalling = new StallTimer(streamingTimeoutMs, () => {
      this.listener?.onClientStall();
      this.response.destroy();
    });
  }

  wantBody(): void {
    if (!this.exchange.awaitsContinue) return;
    this.exchange.awaitsContinue = false;
    this.response.writeContinue();
  }

  interim(status: number, rawHeaders: readonly string[]): void {
    sendInterim(this.exchange, { status, rawHeaders });
  }

  respond({ status, reason, ended }: ReplyHead, headers: readonly string[]): void {
    const { response } = this;
    const flat = ended ? withLength(status, this.head.method, headers) : headers;
    response.writeHead(status, reason, flat as string[]);
    if (ended) return void response.end();
    // The first piece of the body mostly came with the head: then both leave in one write. Else the head goes alone.
    setImmediate(() => {
      if (!this.begun && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  write(piece: Buffer): boolean {
    this.begun = true;
    if (this.response.write(piece)) return true;
    this.stalling?.wait();
    return false;
  }

  end(trailers: readonly string[]): void {
    if (this.response.writableEnded) return;
    if (trailers.length > 0) this.response.addTrailers(pairs(trailers));
    this.response.end();
  }

  breakOff(): void {
    breakOff(this.response, this.exchange.facts.timeouts?.streamingTimeoutMs ?? 0);
  }
}

/** HTTP/2 need not say that nothing follows; here it would be said in chunks. */
function withLength(status: number, method: string, headers: readonly string[]): readonly string[] {
  const said = headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  return said || bodiless ? headers : [...headers, 'content-length', '0'];
}
