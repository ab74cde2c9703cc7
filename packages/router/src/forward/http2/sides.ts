import type { Client } from '../client';
import type { FailureReason } from '../outcome';
import type { Upload } from './upload';

/** Head of a response of an instance, whatever protocol it speaks. */
export interface ReplyHead {
  readonly status: number;
  /** Empty in HTTP/2. */
  readonly reason: string;
  /** `1.1`, `2.0` */
  readonly httpVersion: string;
  /** Names and values in turn, no pseudo headers. */
  readonly rawHeaders: readonly string[];
  /** Nothing follows: no body and no trailers. */
  readonly ended: boolean;
}

/** What a client tells the bridge. */
export interface ClientListener {
  /** It takes bytes again. */
  onClientDrain(): void;
  /** It has taken nothing for the streaming timeout. */
  onClientStall(): void;
}

/** The client of a bridge: HTTP/1.1 (`Http1Side`) or a stream of HTTP/2 (`StreamExchange`). */
export interface ClientSide extends Client {
  readonly upload: Upload;
  /** The request has a body, perhaps an empty one: more than its head is to be sent. */
  readonly hasBody: boolean;
  /** The instance is connected: a client that waits for `100 Continue` may send its body. */
  wantBody(): void;
  listen(listener: ClientListener | null, streamingTimeoutMs: number): void;
  interim(status: number, rawHeaders: readonly string[]): void;
  /** @throws Error when the head cannot be expressed */
  respond(reply: ReplyHead, headers: readonly string[]): void;
  /** @returns false: no more before `onClientDrain` */
  write(piece: Buffer): boolean;
  end(trailers: readonly string[]): void;
  /** The response cannot be completed, and the client must see that. @param code of the RST_STREAM, where there is one */
  breakOff(code: number): void;
}

/** What an instance tells the bridge; `onClosed` comes last, once and always. */
export interface InstanceListener {
  /** The request is on its way; its body may follow. */
  onConnect(): void;
  onInterim(status: number, rawHeaders: readonly string[]): void;
  onReply(reply: ReplyHead): void;
  onPiece(piece: Buffer): void;
  onReplyEnd(trailers: readonly string[]): void;
  /** It takes bytes of the request again. */
  onDrain(): void;
  /** The exchange is over. @param failure null when the response was complete */
  onClosed(failure: InstanceFailure | null): void;
}

export interface InstanceFailure {
  readonly reason: FailureReason;
  readonly error: Error;
  /** The connection was used before, and may have been dead when the request was sent. */
  readonly stale: boolean;
  /** Code of the instance's RST_STREAM; 0 where there was none. */
  readonly code: number;
}

/** A request at an instance: of HTTP/1.1 (`Http1Request`) or of HTTP/2 (`Http2Request`). */
export interface InstanceSide {
  begin(listener: InstanceListener): void;
  /** @returns false: no more before `onDrain` */
  write(piece: Buffer): boolean;
  /** The request is complete. */
  end(trailers: readonly string[]): void;
  pauseReply(): void;
  resumeReply(): void;
  /** The client has its whole response: what is left of the request or of the reply is not wanted. `onClosed` follows. */
  settle(): void;
  /** Gives the exchange up; `onClosed` follows with this failure. */
  abort(reason: FailureReason, error: Error): void;
}
