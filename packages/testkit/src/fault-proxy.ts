import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { waitFor } from './wait-for';

export interface FaultProxyOptions {
  readonly targetPort: number;
}

/** A TCP proxy on 127.0.0.1 whose connections can be made to fail. */
export interface FaultProxy {
  readonly port: number;
  /** Connections that are open now. */
  connections(): number;
  /** Resets all connections at once, and refuses new ones (nobody listens). */
  cut(): Promise<void>;
  /** Accepts connections but passes no byte either way, on old ones neither. */
  stall(): void;
  /** Passes every byte that comes from now on `ms` later; 0 ends that. */
  delay(ms: number): void;
  /** Ends cut, stall and delay; bytes held by a stall are passed. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** More than this in flight in one direction stops reading from the sender, as a full network would. */
const HELD_BYTES = 1024 * 1024;

interface Faults {
  stalled: boolean;
  delayMs: number;
}

export async function startFaultProxy({ targetPort }: FaultProxyOptions): Promise<FaultProxy> {
  const faults: Faults = { stalled: false, delayMs: 0 };
  const links = new Set<Link>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    links.add(new Link(client, target, faults, (link) => links.delete(link)));
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const cut = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : undefined;
    if (closed) server.close();
    for (const link of links) link.destroy();
    await closed;
  };
  return {
    port,
    connections: () => links.size,
    cut,
    stall: () => void (faults.stalled = true),
    delay: (ms) => void (faults.delayMs = ms),
    async heal() {
      Object.assign(faults, { stalled: false, delayMs: 0 } satisfies Faults);
      for (const link of links) link.pump();
      if (server.listening) return;
      // An outgoing connection of this machine may hold the port for a moment.
      await waitFor(`port ${port} to be free again`, () => listen(server, port).then(() => true));
    },
    stop: cut,
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

class Link {
  private readonly directions: readonly Direction[];

  constructor(
    private readonly client: Socket,
    private readonly target: Socket,
    faults: Faults,
    gone: (link: Link) => void,
  ) {
    this.directions = [new Direction(client, target, faults), new Direction(target, client, faults)];
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.destroy());
      // After a clean end the other side gets it in its turn, after the bytes that are still held.
      socket.once('close', () => {
        if (!socket.readableEnded) this.destroy();
        if (client.closed && target.closed) gone(this);
      });
    }
  }

  pump(): void {
    for (const direction of this.directions) direction.pump();
  }

  /** A reset rather than a clean end, which is what a cut cable or a killed peer looks like. */
  destroy(): void {
    for (const direction of this.directions) direction.drop();
    for (const socket of [this.client, this.target]) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
}

class Direction {
  private readonly held: { readonly bytes: Buffer | undefined; readonly due: number }[] = [];
  private heldBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly faults: Faults,
  ) {
    from.on('data', (bytes: Buffer) => this.hold(bytes));
    from.once('end', () => this.hold(undefined));
    to.on('drain', () => this.pump());
  }

  private hold(bytes: Buffer | undefined): void {
    this.held.push({ bytes, due: performance.now() + this.faults.delayMs });
    this.heldBytes += bytes?.length ?? 0;
    this.pump();
  }

  drop(): void {
    clearTimeout(this.timer);
    this.held.length = 0;
  }

  /** Passes on what is due, in order. */
  pump(): void {
    clearTimeout(this.timer);
    while (!this.faults.stalled && !this.to.writableNeedDrain) {
      const next = this.held[0];
      if (next === undefined) break;
      const early = next.due - performance.now();
      if (early > 0) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(early));
        break;
      }
      this.held.shift();
      this.heldBytes -= next.bytes?.length ?? 0;
      if (next.bytes === undefined) this.to.end();
      else this.to.write(next.bytes);
    }
    if (this.heldBytes > HELD_BYTES) this.from.pause();
    else this.from.resume();
  }
}
