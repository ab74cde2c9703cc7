import type { RouterLimits } from '../../../options';
import { BodyReader } from '../message/body-reader';
import type { RequestFields } from '../message/request-fields';

/** The body of the present request, which goes to an instance or is dropped. */
export class RequestBody {
  private readonly reader = new BodyReader();
  private dropping = false;
  /** Bytes that were dropped since then. */
  private dropped = 0;
  private dropsSince = 0;

  get done(): boolean {
    return this.reader.done;
  }

  /** Bytes so far of one that did not say its length, without its framing; else 0. */
  get chunkedLength(): number {
    return this.reader.chunkedLength;
  }

  /** End of what is to be passed on of the bytes last read. */
  get keptEnd(): number {
    return this.reader.keptEnd;
  }

  /** @param dropTrailers instances get no trailers (spec: request-path 5.4) */
  begin({ framing, length }: RequestFields, dropTrailers = true): void {
    this.dropping = false;
    this.reader.begin(framing, length, dropTrailers);
  }

  /** From now on nobody wants it. @param now monotonic milliseconds */
  drop(now: number): void {
    this.dropping = true;
    this.dropped = 0;
    this.dropsSince = now;
  }

  /** The rest was read, or so much of it, or for so long, that it is given up (spec: request-path 5.3). */
  isDropped(now: number, { drainBytes, drainMs }: RouterLimits): boolean {
    return this.done || this.dropped > drainBytes || now - this.dropsSince >= drainMs;
  }

  /** @returns up to where it goes; -1: malformed */
  read(bytes: Buffer, from: number, to: number): number {
    const end = this.reader.read(bytes, from, to);
    if (this.dropping && end > from) this.dropped += end - from;
    return end;
  }
}
