import type { Readable } from 'node:stream';

export interface UploadListener {
  onUploadPiece(piece: Buffer): void;
  onUploadEnd(trailers: readonly string[]): void;
}

/** Where the body comes from. */
export interface RequestBody {
  readonly source: Readable;
  readonly hasBody: boolean;
  /** Whether the end of the source is the end of the body, and not of the client. */
  isWhole(): boolean;
  /** Known when it has ended. */
  trailers(): readonly string[];
  onBytes?(bytes: number): void;
}

/** Pieces are kept up to this size, so that a request that an instance refused unread can be sent once more. */
const KEPT_BYTES = 65_536;

/** The body of a request on its way to an instance. Nothing is read before `start`, which may be called again. */
export class Upload {
  private kept: Buffer[] | null = [];
  private keptBytes = 0;
  private listener: UploadListener | null = null;
  private reading = false;
  private dropped = false;
  /** Everything was read. */
  complete: boolean;

  constructor(private readonly body: RequestBody) {
    this.complete = !body.hasBody;
  }

  /** All of it that was read can be read again. */
  get replayable(): boolean {
    return this.kept !== null;
  }

  start(listener: UploadListener): void {
    this.listener = listener;
    for (const piece of this.kept ?? []) listener.onUploadPiece(piece);
    // A body without a byte in it may have ended before anybody listened.
    if (this.body.source.readableEnded && this.body.isWhole()) this.complete = true;
    if (this.complete) return listener.onUploadEnd(this.body.trailers());
    this.read();
  }

  private read(): void {
    if (!this.reading) this.body.source.on('data', this.onData).on('end', this.onEnd);
    this.reading = true;
    this.body.source.resume();
  }

  /** Reads on, for nobody. */
  drop(): void {
    this.listener = null;
    this.kept = null;
    this.dropped = true;
    this.read();
  }

  /** Nobody wants more at present. What is dropped flows on: a stream with unread bytes in it never closes. */
  stop(): void {
    this.listener = null;
    if (this.reading && !this.complete && !this.dropped) this.body.source.pause();
  }

  /** No more attempts: what is read from here on is read once. */
  forget(): void {
    this.kept = null;
  }

  pause(): void {
    this.body.source.pause();
  }

  resume(): void {
    if (!this.complete) this.body.source.resume();
  }

  private readonly onData = (piece: Buffer): void => {
    this.body.onBytes?.(piece.length);
    if (this.kept !== null) {
      this.keptBytes += piece.length;
      if (this.keptBytes > KEPT_BYTES) this.kept = null;
      else this.kept.push(piece);
    }
    this.listener?.onUploadPiece(piece);
  };

  private readonly onEnd = (): void => {
    if (!this.body.isWhole()) return;
    this.complete = true;
    this.listener?.onUploadEnd(this.body.trailers());
  };
}
