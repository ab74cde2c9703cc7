import type { LaneHead } from '../lane-head';
import type { ClientWire } from '../sockets/client-wire';
import { LentSocket } from '../sockets/lent-socket';
import { RequestBody } from './request-body';

/** What becomes of a connection that is lent. */
export interface LendingOwner {
  /** The request was answered, and the connection is ours again. */
  takeBack(): void;
}

/** A connection whose requests another server answers: the next one, or all that are to come. */
export class Lending {
  readonly socket: LentSocket;
  private readonly body = new RequestBody();
  private readonly forOne: boolean;
  private answered = false;

  /** @param head of the one request that is to be answered; null: what is sent is not understood here, nor ever will be */
  constructor(
    private readonly wire: ClientWire,
    private readonly owner: LendingOwner,
    head: LaneHead | null,
  ) {
    this.forOne = head !== null;
    if (head !== null) this.body.begin(head.fields, false);
    wire.flush();
    this.socket = new LentSocket(wire.socket, () => wire.resume());
    if (this.forOne) this.socket.once('answered', (keepAlive: boolean) => this.onAnswered(keepAlive));
  }

  /**
   * Passes on what is of the lent request.
   * @returns up to where the bytes were used
   */
  take(bytes: Buffer, from: number, to: number): number {
    const end = this.forOne ? this.endOfBody(bytes, from, to) : to;
    if (end > from && !this.socket.feed(Buffer.from(bytes.subarray(from, end)))) this.wire.pause();
    return end;
  }

  private endOfBody(bytes: Buffer, from: number, to: number): number {
    if (this.body.done) return from;
    // Kept as it is: what the other server thinks of a malformed body is its own affair.
    const copy = Buffer.from(bytes.subarray(from, to));
    const end = this.body.read(copy, 0, copy.length);
    return end < 0 ? to : from + end;
  }

  /** The whole request was passed on and answered, and both sides want to go on. */
  private onAnswered(keepAlive: boolean): void {
    this.answered = keepAlive && this.body.done && !this.socket.writableEnded && !this.socket.destroyed;
    if (!this.answered) return;
    this.socket.giveBack();
    this.owner.takeBack();
  }

  /** The client ended its side. */
  end(): void {
    this.socket.push(null);
  }

  /** The client is gone. */
  close(): void {
    this.socket.destroy();
  }
}
