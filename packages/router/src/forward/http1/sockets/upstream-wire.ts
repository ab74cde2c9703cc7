import { connect, type Socket } from 'node:net';
import type { Outbox, Outlet } from './outbox';
import { OWNED, ReusedInput, type Input } from './input';

/** Most replies fit; what does not is bulk, and gets a buffer that suits it. */
const USUAL_BYTES = 16_384;
const BULK_BYTES = 65_536;

/** What a connection is told by its socket. */
export interface UpstreamOwner {
  onConnect(): void;
  onRead(bytes: Buffer, to: number): void;
  onDrain(): void;
  onEnd(): void;
  onError(error: Error): void;
  onClose(): void;
}

/** The socket of a connection to an instance. Reads into buffers of its own, over and over. */
export class UpstreamWire implements Outlet {
  readonly socket: Socket;
  /** Where the bytes of the present `onRead` are. */
  input: Input = OWNED;
  /** What leaves at the end of the turn. */
  private text = '';
  private usual: ReusedInput | null = null;
  private bulk: ReusedInput | null = null;
  private filled = false;
  private paused = false;

  /** @param reuses false: by 'data', the form that every version of node knows */
  constructor(
    host: string,
    port: number,
    owner: UpstreamOwner,
    reuses: boolean,
    private readonly outbox: Outbox,
  ) {
    const onread = {
      buffer: () => this.nextArea(),
      callback: (length: number, bytes: Uint8Array) => {
        this.filled = length === bytes.length;
        owner.onRead(bytes as Buffer, length);
        return true;
      },
    };
    this.socket = connect({ host, port, noDelay: true, ...(reuses ? { onread } : {}) });
    if (!reuses) this.socket.on('data', (bytes) => owner.onRead(bytes, bytes.length));
    this.socket.on('connect', () => owner.onConnect());
    this.socket.on('drain', () => owner.onDrain());
    this.socket.on('end', () => owner.onEnd());
    this.socket.on('error', (error) => owner.onError(error));
    this.socket.on('close', () => owner.onClose());
  }

  private nextArea(): Buffer {
    if (this.filled) this.bulk ??= new ReusedInput(BULK_BYTES);
    const input = this.bulk ?? (this.usual ??= new ReusedInput(USUAL_BYTES));
    this.input = input;
    return input.area;
  }

  /** Text, in Latin-1, that leaves at the end of the turn. */
  write(text: string): void {
    if (this.text === '') this.outbox.add(this);
    this.text += text;
  }

  /** Nothing of what was written has left. */
  get unsent(): boolean {
    return this.text !== '';
  }

  /** Writes what waits, before something else is written. */
  flush(): void {
    const { text, socket } = this;
    if (text === '' || socket.destroyed) return;
    this.text = '';
    socket.write(text, 'latin1');
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  /** Whoever was written to from our buffers has taken everything. */
  reclaim(): void {
    this.usual?.reclaim();
    this.bulk?.reclaim();
  }

  /** An exchange is over, and with it the need for much memory. To be called within `onRead`. */
  rest(): void {
    this.filled = false;
    this.bulk = null;
    this.usual?.forget();
  }
}
