import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Stream } from 'node:stream';
import { createProxyServer, type ServerOptions } from 'http-proxy';
import type { Exchange } from '../accept';
import type { FailureReason, Outcome } from './outcome';
import { StallTimer } from './stall-timer';

/** One request of a client, as it goes to one instance (or to the API). */
export interface Sending {
  readonly exchange: Exchange;
  readonly target: {
    readonly protocol: 'http:' | 'https:';
    readonly host: string;
    readonly port: number;
    readonly socketPath?: string;
  };
  readonly agent: unknown;
  /** What is sent, complete. */
  readonly headers: Record<string, string>;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs: number;
  readonly streamingTimeoutMs: number;
  /** Writes the response head to the client; what it throws counts as a broken response. */
  onHead(reply: IncomingMessage): void;
}

/** Everything about http-proxy that is not as it comes: see the comments of `createProxy`. */
export interface Proxy {
  /** @returns when the exchange is over: reply complete, or the connection to the instance closed. Never rejects. */
  send(sending: Sending): Promise<Outcome>;
  upgrade(sending: UpgradeSending): void;
}

export interface UpgradeSending {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: { readonly protocol: 'http:' | 'https:'; readonly host: string; readonly port: number };
  readonly rawTarget: string;
  readonly headers: Record<string, string>;
  onRequest(outgoing: ClientRequest): void;
  onError(error: Error): void;
}

interface Pass {
  readonly name: string;
}

/**
 * http-proxy as the general lane uses it. The pass `deleteLength` is removed: it un-frames DELETE and OPTIONS requests
 * with a chunked body (CVE-2026-29057). `x-forwarded-*` and timeouts are not its business, so only `stream` is left.
 */
export function createProxy(maxHeaderSize: number): Proxy {
  // toProxy: the target of the request is not rewritten; the response is relayed by `Relay`.
  const common: ServerOptions = {
    secure: false,
    toProxy: true,
    prependPath: false,
    selfHandleResponse: true,
  };
  let onUpgradeRequest: ((outgoing: ClientRequest) => void) | undefined;
  const proxy = createProxyServer({});
  const passes = proxy as unknown as { webPasses: Pass[] };
  passes.webPasses = passes.webPasses.filter(({ name }) => name === 'stream');
  // Errors reach the callback of each request; a listener keeps the rest from being thrown.
  proxy.on('error', () => undefined);
  // Emitted before `ws` returns: the only handle on the outgoing request of an upgrade.
  proxy.on('proxyReqWs', (outgoing) => onUpgradeRequest?.(outgoing));
  return {
    send: (sending) =>
      new Promise((resolve) => {
        const { exchange, headers, agent, target } = sending;
        const relay = new Relay(sending, resolve);
        // http-proxy reads the headers to send from the request; the arrived ones are kept in `exchange.head`.
        exchange.request.headers = headers;
        const options: ServerOptions = { ...common, agent, target, buffer: relay, ssl: { maxHeaderSize } };
        try {
          proxy.web(exchange.request, exchange.response, options, (error) => relay.fail(error));
        } catch (error) {
          relay.unsendable(error as Error);
        }
      }),
    upgrade: ({ request, socket, head, target, rawTarget, headers, onRequest, onError }) => {
      request.headers = headers;
      onUpgradeRequest = (outgoing) => {
        outgoing.path = rawTarget;
        onRequest(outgoing);
      };
      try {
        proxy.ws(request, socket, head, { ...common, target, ssl: { maxHeaderSize } }, onError);
      } catch (error) {
        onError(error as Error);
        socket.destroy();
      } finally {
        onUpgradeRequest = undefined;
      }
    },
  };
}

/**
 * Stands in for the request body, as a stream whose only use is `pipe`: http-proxy pipes it into the outgoing request
 * right after it made that, before a byte is written. That is the moment to put in the target byte for byte, to hold
 * the body back until there is a connection (a retry needs it whole), and to watch both directions.
 */
class Relay extends Stream {
  private outgoing: ClientRequest | undefined;
  private connected = false;
  private bodySent = false;
  private headSent = false;
  private failure: { reason: FailureReason; error: Error } | undefined;
  private clientStalled = false;
  private reply: IncomingMessage | undefined;
  private readonly startedAt = performance.now();
  private readonly connectTimer: StallTimer;
  private readonly uploadTimer: StallTimer;
  private readonly downloadTimer: StallTimer;

  constructor(
    private readonly sending: Sending,
    private readonly resolve: (outcome: Outcome) => void,
  ) {
    super();
    const { connectTimeoutMs, streamingTimeoutMs } = sending;
    this.connectTimer = new StallTimer(connectTimeoutMs, () => this.abort('connect', 'connect timeout'));
    this.uploadTimer = new StallTimer(streamingTimeoutMs, () =>
      this.abort('upload-stalled', 'upload stalled'),
    );
    this.downloadTimer = new StallTimer(streamingTimeoutMs, () => {
      this.clientStalled = true;
      this.sending.exchange.response.destroy();
    });
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const outgoing = destination as unknown as ClientRequest;
    const { exchange, socketTimeoutMs } = this.sending;
    const { request, response } = exchange;
    this.outgoing = outgoing;
    outgoing.path = exchange.head.target;
    outgoing.setTimeout(socketTimeoutMs);
    outgoing.on('timeout', () => this.idle());
    outgoing.on('drain', () => this.uploadTimer.proceed());
    outgoing.once('response', (reply) => this.relay(reply));
    outgoing.once('close', () => this.finish());
    response.on('drain', () => this.downloadTimer.proceed());
    // Not the end of the exchange: the client may be slow to take what the instance has sent already.
    response.once('close', () => this.downloadTimer.proceed());
    request.on('pause', this.onUploadPause);
    this.connectTimer.wait();
    outgoing.once('socket', (socket) => {
      const ready = this.sending.target.protocol === 'https:' ? 'secureConnect' : 'connect';
      if (socket.connecting) socket.once(ready, () => this.begin());
      else this.begin();
    });
    // The client may be gone already, in which case 'close' of the response will not come again.
    if (response.destroyed) outgoing.destroy();
    return destination;
  }

  private readonly onUploadPause = (): void => {
    if (this.outgoing?.writableNeedDrain) this.uploadTimer.wait();
  };

  /** There is a connection: now the body may flow. */
  private begin(): void {
    const { exchange } = this.sending;
    const { outgoing } = this;
    if (outgoing === undefined || outgoing.destroyed) return;
    this.connectTimer.proceed();
    this.connected = true;
    if (exchange.awaitsContinue) {
      exchange.awaitsContinue = false;
      exchange.response.writeContinue();
    }
    this.bodySent =
      outgoing.hasHeader('transfer-encoding') || Number(outgoing.getHeader('content-length') ?? 0) > 0;
    exchange.request.pipe(outgoing);
  }

  /** Two faults of the http-proxy family are mended here: a reply that breaks off, and headers that cannot be copied. */
  private relay(reply: IncomingMessage): void {
    const { exchange, onHead } = this.sending;
    const { response } = exchange;
    this.reply = reply;
    exchange.facts.backendResponseMs = performance.now() - this.startedAt;
    try {
      onHead(reply);
      this.headSent = true;
    } catch (error) {
      this.outgoing?.destroy(error as Error);
      return;
    }
    reply.on('pause', () => response.writableNeedDrain && this.downloadTimer.wait());
    reply.once('end', () => {
      if (reply.rawTrailers.length > 0) response.addTrailers(pairs(reply.rawTrailers));
    });
    // A listener, so that the end of a broken reply is an error and not a silence that leaves the client hanging.
    reply.once('error', () => undefined);
    reply.once('close', () => {
      if (!reply.complete) this.truncate();
    });
    reply.pipe(response);
  }

  /** The client must see that something is missing: no final chunk, or fewer bytes than announced. */
  private truncate(): void {
    const { response } = this.sending.exchange;
    const { socket } = response;
    if (socket === null || socket.destroyed) return;
    // What was received before the break is sent; a client that does not read it is given up.
    const timer = setTimeout(() => socket.destroy(), this.sending.streamingTimeoutMs);
    socket.once('close', () => clearTimeout(timer));
    socket.destroySoon();
  }

  private idle(): void {
    const { exchange, socketTimeoutMs } = this.sending;
    if (!this.connected) return; // the pool's own timeout; connecting has a timer
    if (exchange.response.writableNeedDrain) {
      // The client is the one that does not move; its own timer decides.
      this.outgoing?.socket?.setTimeout(socketTimeoutMs);
      return;
    }
    const waitsForClient =
      !exchange.request.complete && this.outgoing?.writableNeedDrain !== true && !this.headSent;
    this.abort(waitsForClient ? 'client-idle' : 'idle', 'idle timeout');
  }

  private abort(reason: FailureReason, words: string): void {
    const error = new Error(words);
    this.failure ??= { reason, error };
    this.outgoing?.destroy(error);
  }

  /** http-proxy reports an error of the outgoing request, or of the client's. 'close' follows. */
  fail(error: Error): void {
    this.failure ??= { reason: this.connected ? 'broken' : 'connect', error };
  }

  /** The request could not even be made. */
  unsendable(error: Error): void {
    this.failure = { reason: 'unsendable', error };
    if (this.outgoing === undefined) this.finish();
    else this.outgoing.destroy(error);
  }

  private finish(): void {
    const { exchange } = this.sending;
    this.connectTimer.proceed();
    this.uploadTimer.proceed();
    exchange.request.off('pause', this.onUploadPause);
    exchange.facts.backendResponseMs ??= performance.now() - this.startedAt;
    this.resolve(this.outcome());
  }

  private outcome(): Outcome {
    const { response } = this.sending.exchange;
    if (this.headSent) {
      if (this.clientStalled) return { kind: 'truncated', by: 'client' };
      if (this.reply?.complete === true) return { kind: 'complete' };
      if (response.destroyed && this.failure === undefined) return { kind: 'client-gone' };
      return { kind: 'truncated', by: 'instance' };
    }
    if (response.destroyed) return { kind: 'client-gone' };
    const { reason, error } = this.failure ?? {
      reason: 'broken' as const,
      error: new Error('connection closed'),
    };
    const stale = reason === 'broken' && this.outgoing?.reusedSocket === true && isReset(error);
    return { kind: 'failed', reason, error, stale, bodySent: this.bodySent };
  }
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}
