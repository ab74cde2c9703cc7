import { request as httpRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FailureReason } from '../outcome';
import { replyFault } from '../reply-check';
import { pairs } from './fields';
import type { InstanceFailure, InstanceListener, InstanceSide } from './sides';

export interface Http1Target {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string;
  /** Whom the certificate of the instance must name; '' where the address is all that is known. */
  readonly servername?: string;
}

export interface Http1Sending {
  readonly target: Http1Target;
  readonly agent: Agent;
  readonly method: string;
  /** Request target, byte for byte. */
  readonly path: string;
  /** What is sent, complete. */
  readonly headers: Record<string, string>;
  readonly responseHeadBytes: number;
  /** Whether trailers of the request are sent: instances get none (spec: request-path 5.4). */
  readonly sendsTrailers: boolean;
}

/** A request to an instance that speaks HTTP/1.1, by `node:http`. */
export class Http1Request implements InstanceSide {
  private outgoing: ClientRequest | null = null;
  private reply: IncomingMessage | null = null;
  private listener: InstanceListener | null = null;
  private connected = false;
  private settled = false;
  private failure: { reason: FailureReason; error: Error } | null = null;

  constructor(private readonly sending: Http1Sending) {}

  begin(listener: InstanceListener): void {
    this.listener = listener;
    const { target, agent, method, path, headers, responseHeadBytes } = this.sending;
    const { protocol, host, port, socketPath, servername } = target;
    const ask = protocol === 'https:' ? httpsRequest : httpRequest;
    let outgoing: ClientRequest;
    try {
      outgoing = ask({
        agent,
        method,
        path,
        headers,
        setHost: false,
        maxHeaderSize: responseHeadBytes,
        ...(socketPath === undefined ? { host, port } : { socketPath }),
        ...(servername === undefined ? {} : { servername }),
      });
    } catch (error) {
      this.failure = { reason: 'unsendable', error: error as Error };
      process.nextTick(() => this.closed());
      return;
    }
    this.outgoing = outgoing;
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return this.onConnect();
      socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => this.onConnect());
    });
    outgoing.on('drain', () => listener.onDrain());
    outgoing.on('information', ({ statusCode, rawHeaders }) => listener.onInterim(statusCode, rawHeaders));
    outgoing.once('response', (reply) => this.onReply(reply));
    outgoing.on('error', (error) => {
      this.failure ??= { reason: this.connected ? 'broken' : 'connect', error };
    });
    outgoing.once('close', () => this.closed());
  }

  private onConnect(): void {
    if (this.failure !== null || this.outgoing?.destroyed === true) return;
    this.connected = true;
    this.listener?.onConnect();
    // Node keeps the head back for the first piece of the body, which may be long in coming.
    const { outgoing } = this;
    if (outgoing !== null && !outgoing.headersSent)
      setImmediate(() => {
        if (!outgoing.headersSent && !outgoing.destroyed) outgoing.flushHeaders();
      });
  }

  private onReply(reply: IncomingMessage): void {
    const { listener } = this;
    if (listener === null) return;
    const fault = replyFault(reply);
    if (fault !== null) return void this.outgoing?.destroy(fault);
    this.reply = reply;
    const { statusCode = 502, statusMessage = '', httpVersion, rawHeaders } = reply;
    // A listener, so that the end of a broken reply is no silence.
    reply.on('error', () => undefined);
    reply.on('data', (piece: Buffer) => listener.onPiece(piece));
    reply.once('end', () => {
      if (reply.complete) listener.onReplyEnd(reply.rawTrailers);
    });
    listener.onReply({ status: statusCode, reason: statusMessage, httpVersion, rawHeaders, ended: false });
  }

  write(piece: Buffer): boolean {
    return this.outgoing?.write(piece) ?? false;
  }

  end(trailers: readonly string[]): void {
    const { outgoing } = this;
    if (outgoing === null || outgoing.destroyed) return;
    if (this.sending.sendsTrailers && trailers.length > 0) outgoing.addTrailers(pairs(trailers));
    outgoing.end();
  }

  pauseReply(): void {
    this.reply?.pause();
  }

  resumeReply(): void {
    this.reply?.resume();
  }

  settle(): void {
    this.settled = true;
    const { outgoing, reply } = this;
    if (outgoing === null) return;
    // A connection with half a message on it is of no use to anybody.
    if (reply?.complete !== true || !outgoing.writableEnded) outgoing.destroy();
    else reply.resume();
  }

  abort(reason: FailureReason, error: Error): void {
    this.failure ??= { reason, error };
    this.outgoing?.destroy(error);
  }

  private closed(): void {
    const { listener } = this;
    this.listener = null;
    if (this.settled) listener?.onClosed(null);
    else listener?.onClosed(this.told());
  }

  private told(): InstanceFailure {
    const { reason, error } = this.failure ?? {
      reason: 'broken' as const,
      error: new Error('connection closed'),
    };
    const { code } = error as NodeJS.ErrnoException;
    const reset = code === 'ECONNRESET' || code === 'EPIPE';
    const reused = this.outgoing?.reusedSocket === true && this.reply === null;
    return { reason, error, stale: reason === 'broken' && reused && reset, code: 0 };
  }
}
