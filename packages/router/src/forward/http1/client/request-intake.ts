import {
  MALFORMED,
  TARGET_TOO_LONG,
  TOO_LARGE,
  TOO_MANY_HEADERS,
  TOO_MANY_REQUESTS,
  type Refusal,
} from '../../../accept/client-error';
import { RequestRate } from '../../../accept/request-rate';
import { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import {
  INCOMPLETE,
  LINE_TOO_LONG,
  ODD,
  RequestReader,
  TOO_LARGE as HEAD_TOO_LARGE,
  TOO_MANY_LINES,
} from '../message/request-reader';
import type { ClientWire } from '../sockets/client-wire';
import { Backlog } from './backlog';
import type { RequestBytes } from './request-admission';
import type { State } from './state';

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [HEAD_TOO_LARGE, TOO_LARGE],
  [LINE_TOO_LONG, TARGET_TOO_LONG],
  [TOO_MANY_LINES, TOO_MANY_HEADERS],
]);

/** The connection whose requests are taken in. */
export interface IntakeOwner {
  readonly state: State;
  readonly wire: ClientWire;
  readonly parts: LaneParts;
  /** A head is here. @returns up to where the bytes were used */
  begin(head: LaneHead, from: RequestBytes): number;
  /** What begins here is for another lane. */
  handOver(from: RequestBytes): number;
  refuse(refusal: Refusal): void;
  /** Somebody takes time from now on. */
  watch(): void;
}

/** Cuts what a client sends into requests, in their order, and keeps what is not to be served yet (RFC 9112 9.3.2). */
export class RequestIntake {
  /** When the first byte of an unfinished head came; 0: there is none. Monotonic milliseconds. */
  headAt: number;
  private readonly reader: RequestReader;
  private readonly backlog = new Backlog();
  private readonly rate = new RequestRate();
  /** Bytes are being served: who makes the state `head` again need do no more. */
  serving = false;

  constructor(private readonly owner: IntakeOwner) {
    this.reader = new RequestReader(owner.parts.scanner);
    this.headAt = owner.parts.clock.now;
  }

  /** Nothing was read that waits for its turn. */
  get empty(): boolean {
    return this.backlog.empty;
  }

  /** Bytes of heads, or of what comes after the present request. */
  take(bytes: Buffer, to: number): void {
    if (this.owner.state === 'head' && this.backlog.empty) {
      this.hold(bytes, this.serve(bytes, 0, to), to);
      return;
    }
    this.keep(bytes, 0, to);
    if (this.owner.state === 'head') this.serveKept();
    else this.owner.wire.pause();
  }

  keep(bytes: Buffer, from: number, to: number): void {
    this.backlog.add(this.owner.wire.input, bytes, from, to);
  }

  /** Keeps what cannot be used yet; the client has to wait with more. */
  hold(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    this.keep(bytes, from, to);
    this.owner.wire.pause();
  }

  /** What was kept, which is the caller's from now on. */
  release(): Buffer | null {
    return this.backlog.take();
  }

  serveKept(): void {
    const bytes = this.backlog.take();
    if (bytes !== null) this.hold(bytes, this.serve(bytes, 0, bytes.length), bytes.length);
  }

  /**
   * Serves requests as far as that needs nobody else; the state is then `head` again, hence the loop.
   * @returns up to where the bytes were used
   */
  private serve(bytes: Buffer, from: number, to: number): number {
    let at = from;
    this.serving = true;
    while (this.owner.state === 'head' && at < to) at = this.readRequest(bytes, at, to);
    this.serving = false;
    return at;
  }

  private readRequest(bytes: Buffer, from: number, to: number): number {
    const { reader, owner } = this;
    const { clock } = owner.parts;
    const end = reader.read(bytes, from, to);
    const { fields } = reader;
    if (end <= 0 || fields === null) return this.notServed(end, bytes, from, to);
    this.headAt = 0;
    owner.watch();
    if (!this.rate.allows(clock.now, owner.parts.options.limits.requestsPerSecond)) {
      owner.refuse(TOO_MANY_REQUESTS);
      return to;
    }
    const head = new LaneHead(reader.line, fields, owner.wire.socket, clock.now);
    return owner.begin(head, { bytes, start: reader.start, bodyFrom: end, to });
  }

  private notServed(end: number, bytes: Buffer, from: number, to: number): number {
    const { owner, reader } = this;
    if (end === ODD) return owner.handOver({ bytes, start: reader.start, bodyFrom: to, to });
    if (end !== INCOMPLETE) {
      owner.refuse(REFUSALS.get(end) ?? MALFORMED);
      return to;
    }
    this.keep(bytes, from, to);
    if (this.headAt === 0) this.headAt = owner.parts.clock.now;
    owner.watch();
    return to;
  }
}
