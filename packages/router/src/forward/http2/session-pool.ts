import {
  InstanceSession,
  type SessionHome,
  type SessionOptions,
  type SessionTarget,
} from './instance-session';

/** Who needs a session. */
export interface SessionWaiter {
  /** Only one that nobody used before: made after this one failed. */
  readonly fresh: boolean;
  onSession(session: InstanceSession): void;
  onNoSession(error: Error): void;
}

interface Instance {
  readonly target: SessionTarget;
  readonly sessions: Set<InstanceSession>;
  /** With the number of the last session that is too old for the waiter. */
  readonly waiting: Map<SessionWaiter, number>;
}

const SWEEP_MS = 500;

/**
 * Sessions of HTTP/2 per instance. The fullest one with room is used first, so that the others can end; a new one is made
 * when all are full, and for waiters that the one under way has no room for.
 */
export class SessionPool implements SessionHome {
  private readonly instances = new Map<string, Instance>();
  private readonly timer: NodeJS.Timeout;
  private lastNumber = 0;

  constructor(
    private readonly options: SessionOptions,
    /** A session without streams is closed after so long. */
    private readonly idleMs: number,
  ) {
    this.timer = setInterval(() => this.sweep(performance.now()), Math.min(SWEEP_MS, idleMs)).unref();
  }

  /** Tells the waiter of a session, perhaps at once. */
  take(target: SessionTarget, waiter: SessionWaiter): void {
    const key = keyOf(target);
    let instance = this.instances.get(key);
    if (instance === undefined) {
      instance = { target, sessions: new Set(), waiting: new Map() };
      this.instances.set(key, instance);
    }
    const found = waiter.fresh ? null : fullest(instance);
    if (found !== null) return waiter.onSession(found);
    instance.waiting.set(waiter, waiter.fresh ? this.lastNumber : 0);
    this.connectFor(key, instance);
  }

  /** The waiter has given up. */
  cancel(target: SessionTarget, waiter: SessionWaiter): void {
    this.instances.get(keyOf(target))?.waiting.delete(waiter);
  }

  private connectFor(key: string, { target, sessions, waiting }: Instance): void {
    if (waiting.size === 0) return;
    for (const session of sessions) {
      // One without streams and without room: the instance allows none at present.
      if (session.isConnecting || (session.streams === 0 && !session.hasRoom)) return;
    }
    sessions.add(new InstanceSession(key, (this.lastNumber += 1), target, this.options, this));
  }

  ready(session: InstanceSession): void {
    this.serve(session);
  }

  freed(session: InstanceSession): void {
    this.serve(session);
  }

  private serve(session: InstanceSession): void {
    const instance = this.instances.get(session.key);
    if (instance === undefined) return;
    for (const [waiter, after] of instance.waiting) {
      if (!session.hasRoom) break;
      if (session.number <= after) continue;
      instance.waiting.delete(waiter);
      waiter.onSession(session);
    }
    this.connectFor(session.key, instance);
  }

  gone(session: InstanceSession, error: Error | null): void {
    const instance = this.instances.get(session.key);
    if (instance === undefined) return;
    instance.sessions.delete(session);
    if (error !== null) {
      const failed = [...instance.waiting.keys()];
      instance.waiting.clear();
      for (const waiter of failed) waiter.onNoSession(error);
    }
    this.connectFor(session.key, instance);
    if (instance.sessions.size === 0 && instance.waiting.size === 0) this.instances.delete(session.key);
  }

  private sweep(now: number): void {
    for (const { sessions } of this.instances.values()) {
      for (const session of sessions) {
        if (session.streams === 0 && !session.isConnecting && now - session.idleSince >= this.idleMs)
          session.close();
      }
    }
  }

  /** To be called when no request is under way any more. */
  destroy(): void {
    clearInterval(this.timer);
    for (const { sessions } of this.instances.values())
      for (const session of [...sessions]) session.destroy();
  }
}

function keyOf({ protocol, host, port }: SessionTarget): string {
  return `${protocol}//${host}:${port}`;
}

function fullest({ sessions }: Instance): InstanceSession | null {
  let found: InstanceSession | null = null;
  for (const session of sessions) {
    if (session.hasRoom && (found === null || session.streams > found.streams)) found = session;
  }
  return found;
}
