import { randomUUID } from 'node:crypto';
import type { Connection } from './connection';

/** The part of a published notice that asks for an answer: `<writer>:<serial>`. */
export interface Acknowledged {
  readonly ack?: string;
}

/** A notice that is about to be published. */
export interface Receipt {
  /** Goes out with the notice. */
  readonly ack: string;
  /**
   * Waits until so many subscribers (what PUBLISH answered) have acted on the notice.
   * @returns false when some did not within the time limit
   */
  seenBy(subscribers: number): Promise<boolean>;
  /** The notice did not go out. */
  cancel(): void;
}

interface Pending {
  seen: number;
  wanted: number;
  settle: (complete: boolean) => void;
}

/** Longer than any healthy subscriber takes; a hung one delays a write by this, and stays behind. */
const TIME_LIMIT_MS = 250;

const channelOf = ({ keys }: Connection, writer: string): string => `${keys.eventsChannel()}:seen:${writer}`;

/** Answers a notice, after all listeners of this connection have acted on it. */
export function acknowledge(connection: Connection, ack: string): void {
  const [writer = '', serial = ''] = ack.split(':');
  void connection.redis.publish(channelOf(connection, writer), serial).catch(() => undefined);
}

/**
 * Read-your-writes on every worker: a writer learns when all that keep copies have dropped theirs. PUBLISH counts the
 * connections it reached, each answers once on the writer's own channel. A connection that PUBLISH did not reach voids
 * all its copies when it is back.
 */
export class Acknowledgements {
  private readonly writer = randomUUID();
  private readonly pending = new Map<string, Pending>();
  private serial = 0;
  private subscribed: Promise<unknown> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly timeLimitMs = TIME_LIMIT_MS,
  ) {}

  /** To be called before the notice goes out: answers may be faster than the reply of the publishing command. */
  async expect(): Promise<Receipt> {
    await this.listen();
    const serial = String((this.serial += 1));
    const pending: Pending = { seen: 0, wanted: Infinity, settle: () => undefined };
    this.pending.set(serial, pending);
    return {
      ack: `${this.writer}:${serial}`,
      seenBy: (subscribers) => this.wait(serial, pending, subscribers),
      cancel: () => void this.pending.delete(serial),
    };
  }

  /** Bounded: without the subscription a write still succeeds, it only waits in vain. */
  private async listen(): Promise<void> {
    if (this.subscribed === undefined) {
      const redis = this.connection.subscriptions();
      const channel = channelOf(this.connection, this.writer);
      redis.on('message', (from, serial) => {
        if (from === channel) this.count(serial);
      });
      this.subscribed = redis.subscribe(channel).catch(() => (this.subscribed = undefined));
    }
    await within(this.timeLimitMs, this.subscribed);
  }

  private count(serial: string): void {
    const pending = this.pending.get(serial);
    if (pending === undefined) return;
    pending.seen += 1;
    if (pending.seen >= pending.wanted) pending.settle(true);
  }

  private async wait(serial: string, pending: Pending, subscribers: number): Promise<boolean> {
    try {
      if (pending.seen >= subscribers) return true;
      pending.wanted = subscribers;
      const complete = new Promise<boolean>((resolve) => (pending.settle = resolve));
      return (await within(this.timeLimitMs, complete)) === true;
    } finally {
      this.pending.delete(serial);
    }
  }
}

/** Undefined when the time is up first. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
