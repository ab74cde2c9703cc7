import { createServer } from 'node:net';
import { portCount, type AppDefinition } from '../apps/definition';

/** Ports found free are handed out without another look for this long. */
const FRESH_MS = 5000;
const POOL_SIZE = 32;

/**
 * Host ports for tasks, out of a range, each checked to be free by binding it. A pool checked ahead lets a task start
 * without a turn of the event loop; when it is short, `refill` fills it and reports. Nobody can hold a port for a process
 * that is not there yet, so a foreign process may still take it first; the task then fails and is replaced.
 */
export class HostPorts {
  private readonly inUse = new Set<number>();
  private readonly ready = new Map<number, number>();
  private cursor: number;
  private filling: Promise<number> | undefined;

  constructor(
    private readonly range: readonly [number, number],
    private readonly now: () => number = () => performance.now(),
  ) {
    // Another server on this machine with the same range is likelier to be elsewhere in it.
    this.cursor = range[0] + Math.floor(Math.random() * (range[1] - range[0] + 1));
  }

  /** `count` free ports, now theirs; undefined when the pool is short (see `refill`). */
  take(count: number): number[] | undefined {
    const oldest = this.now() - FRESH_MS;
    for (const [port, checkedAt] of this.ready) if (checkedAt < oldest) this.ready.delete(port);
    if (this.ready.size < count) return undefined;
    const ports = [...this.ready.keys()].slice(0, count);
    for (const port of ports) {
      this.ready.delete(port);
      this.inUse.add(port);
    }
    if (this.ready.size < POOL_SIZE / 2) void this.refill(POOL_SIZE);
    return ports;
  }

  /** Ports for one task of the app, its own where it demands them; undefined: not at this moment. */
  takeFor(app: AppDefinition): readonly number[] | undefined {
    const fixed = (app.portDefinitions ?? []).map((definition) => definition.port);
    if (!app.requirePorts || fixed.length === 0 || fixed.includes(0)) return this.take(portCount(app));
    return this.takeExactly(fixed) ? fixed : undefined;
  }

  /** Takes exactly these (`requirePorts`). @returns false where one of them is in use by a task of ours */
  takeExactly(ports: readonly number[]): boolean {
    if (ports.some((port) => this.inUse.has(port))) return false;
    for (const port of ports) {
      this.ready.delete(port);
      this.inUse.add(port);
    }
    return true;
  }

  /** They are in use already, by a task that is taken over. */
  adopt(ports: readonly number[]): void {
    for (const port of ports) this.inUse.add(port);
  }

  release(ports: readonly number[]): void {
    for (const port of ports) this.inUse.delete(port);
  }

  /** @returns how many ports are ready, once `count` are or the whole range was looked at */
  refill(count: number): Promise<number> {
    this.filling ??= this.fill(Math.max(count, POOL_SIZE)).finally(() => {
      this.filling = undefined;
    });
    return this.filling;
  }

  private async fill(count: number): Promise<number> {
    const [min, max] = this.range;
    for (let tries = max - min + 1; tries > 0 && this.ready.size < count;) {
      const batch: number[] = [];
      for (; batch.length < count - this.ready.size && tries > 0; tries--) {
        const port = this.cursor;
        this.cursor = port < max ? port + 1 : min;
        if (!this.inUse.has(port) && !this.ready.has(port)) batch.push(port);
      }
      await Promise.all(
        batch.map(async (port) => {
          if ((await isFree(port)) && !this.inUse.has(port)) this.ready.set(port, this.now());
        }),
      );
    }
    return this.ready.size;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '0.0.0.0', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
