import type { TokenRecord } from '@waiter/core';
import type { Connection } from '../connection';
import { ChangeFeed, type ChangeNotice, EVENTS_LENGTH } from '../events';
import { indexEntry, type TokenIndexEntry } from './index-entry';
import type { StoredToken } from './stored-token';

type Read = (names: readonly string[]) => Promise<readonly (StoredToken | null)[]>;

/** A token that changed, as it is when the change is told; several changes in a row may be told as one. */
export interface TokenChange {
  readonly token: string;
  /** Whose it is, or was. */
  readonly owner: string | undefined;
  /** Soft-deleted ones included; null: it is gone. */
  readonly now: { readonly record: TokenRecord; readonly entry: TokenIndexEntry } | null;
}

/** Some changes, and the position after them. */
export interface TokenChanges {
  /** `<ms>-<n>`: grows with each change, and names it on every router. */
  readonly position: string;
  readonly changes: readonly TokenChange[];
}

export interface TokenFollower {
  readonly onChanges: (changes: TokenChanges) => void;
  /** Changes were missed for good; what was followed must be read again. */
  readonly onLoss: () => void;
}

const BATCH = 1_000;
/** A notice can get lost on a connection that broke without a word. */
const SAFETY_MS = 10_000;
const START = '0-0';

interface Entries {
  readonly position: string;
  /** Owner by token, in the order of their last change. */
  readonly tokens: ReadonlyMap<string, string | undefined>;
  readonly hasMore: boolean;
}

/**
 * Follows the stream of changes, in which every change has a place (spec: services-and-tokens 7.4): by it a reader goes
 * on where it stopped, on any router. Reads only while somebody follows.
 */
export class TokenFeed {
  private readonly followersNow = new Set<TokenFollower>();
  private stopReading: Promise<() => void> | undefined;
  private at = START;
  private reading = false;
  private again = false;

  constructor(
    private readonly connection: Connection,
    private readonly read: Read,
  ) {}

  get followers(): number {
    return this.followersNow.size;
  }

  /** Position after the last change there was. */
  async position(): Promise<string> {
    const { redis, keys } = this.connection;
    const [last] = await redis.xrevrange(keys.events(), '+', '-', 'COUNT', 1);
    return last?.[0] ?? START;
  }

  /** Changes after `position`; null when they are not kept any more, or the position is none of this stream. */
  async since(position: string): Promise<TokenChanges | null> {
    const tokens = new Map<string, string | undefined>();
    let at = position;
    for (let hasMore = true; hasMore;) {
      const entries = await this.entriesAfter(at);
      if (entries === null) return null;
      for (const [token, owner] of entries.tokens) tokens.set(token, owner);
      ({ position: at, hasMore } = entries);
    }
    return { position: at, changes: await this.resolve(tokens) };
  }

  /** Tells of every change that happens after this has returned. @returns stops it */
  async follow(follower: TokenFollower): Promise<() => void> {
    this.followersNow.add(follower);
    const stop = (): void => {
      if (!this.followersNow.delete(follower) || this.followersNow.size > 0) return;
      this.stopReading?.then(
        (end) => end(),
        () => undefined,
      );
      this.stopReading = undefined;
    };
    const started = (this.stopReading ??= this.start());
    try {
      await started;
    } catch (error) {
      if (this.stopReading === started) this.stopReading = undefined;
      this.followersNow.delete(follower);
      throw error;
    }
    return stop;
  }

  private async start(): Promise<() => void> {
    this.at = await this.position();
    const wake = (): void => this.wake();
    const unsubscribe = await new ChangeFeed(this.connection).subscribe(({ type }) => {
      if (type === 'token') wake();
    }, wake);
    const timer = setInterval(wake, SAFETY_MS);
    timer.unref();
    // What happened since the position was read.
    wake();
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }

  /** Reads on; once more afterwards when it was reading already. */
  wake(): void {
    this.again = true;
    if (!this.reading) void this.catchUp();
  }

  private async catchUp(): Promise<void> {
    this.reading = true;
    while (this.again && this.followersNow.size > 0) {
      this.again = false;
      try {
        await this.step();
      } catch {
        // Redis is away: the next notice, its return or the timer wakes us, and nothing is lost meanwhile.
      }
    }
    this.reading = false;
  }

  private async step(): Promise<void> {
    const entries = await this.entriesAfter(this.at);
    if (entries === null) {
      this.at = await this.position();
      for (const { onLoss } of [...this.followersNow]) onLoss();
      return;
    }
    const changes = await this.resolve(entries.tokens);
    this.at = entries.position;
    if (entries.hasMore) this.again = true;
    if (changes.length === 0) return;
    for (const { onChanges } of [...this.followersNow]) onChanges({ position: this.at, changes });
  }

  private async entriesAfter(position: string): Promise<Entries | null> {
    const { redis, keys } = this.connection;
    const rows = await redis.xrange(keys.events(), position, '+', 'COUNT', BATCH + 1);
    const isKept =
      position === START ? (await redis.xlen(keys.events())) < EVENTS_LENGTH : rows[0]?.[0] === position;
    if (!isKept) return null;
    const after = position === START ? rows.slice(0, BATCH) : rows.slice(1);
    const tokens = new Map<string, string | undefined>();
    for (const [, [, text = '']] of after) {
      const notice = JSON.parse(text) as ChangeNotice;
      if (notice.type !== 'token') continue;
      tokens.delete(notice.token);
      tokens.set(notice.token, notice.owner);
    }
    return { position: after.at(-1)?.[0] ?? position, tokens, hasMore: rows.length > BATCH };
  }

  private async resolve(tokens: Entries['tokens']): Promise<readonly TokenChange[]> {
    const stored = await this.read([...tokens.keys()]);
    return [...tokens].map(([token, owner], index): TokenChange => {
      const found = stored[index] ?? null;
      if (found === null) return { token, owner, now: null };
      const { name, data, hash } = found;
      return { token, owner, now: { record: { name, data, hash }, entry: indexEntry(name, data) } };
    });
  }
}
