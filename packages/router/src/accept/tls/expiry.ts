import type { Certificate } from './certificate';

const DAY_MS = 86_400_000;
/** From so long before its end a certificate is spoken of: who renews them does so earlier, if all is well. */
const SOON_MS = 14 * DAY_MS;

export interface Expiring {
  readonly file: string;
  readonly validTo: Date;
  readonly over: boolean;
}

/** Says once a day which certificates end soon or have ended. They stay in use: clients decide what they think of them. */
export class Expiry {
  private quietUntil = 0;

  constructor(private readonly onExpiring: (one: Expiring) => void) {}

  /** @param present those in use @param fresh they have just come @param now epoch milliseconds */
  look(present: readonly Pick<Certificate, 'file' | 'parsed'>[], fresh: boolean, now = Date.now()): void {
    if (!fresh && now < this.quietUntil) return;
    this.quietUntil = now + DAY_MS;
    for (const { file, parsed } of present) {
      const validTo = new Date(parsed.validTo);
      const leftMs = validTo.getTime() - now;
      if (leftMs < SOON_MS) this.onExpiring({ file, validTo, over: leftMs <= 0 });
    }
  }
}
