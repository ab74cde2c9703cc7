import type { Clock } from '../clock';
import { parseJson } from '../json';
import type { Json } from '../words';
import { cookieNamed, decodedCookie, setCookie } from './cookies';
import { Sealer } from './sealer';

export const CONSENT_COOKIE = 'x-waiter-consent';

/** What a user agreed to: to run this one service, or whatever the token leads to as long as its owner stays. */
export type Consent =
  | { readonly mode: 'service'; readonly issuedAtMs: number; readonly serviceId: string }
  | { readonly mode: 'token'; readonly issuedAtMs: number; readonly token: string; readonly owner: string };

/**
 * The cookie by which users let services run as themselves (spec: request-path 8.4). Sealed, and for the one user who
 * consented: another who is made to send it (by a service that sets cookies, say) has consented to nothing.
 */
export class ConsentCookies {
  private readonly sealer: Sealer;

  constructor(
    passwords: readonly string[],
    cluster: string,
    private readonly clock: Clock,
    private readonly lifeMs: number,
  ) {
    this.sealer = new Sealer(passwords, cluster, 'waiter consent cookie');
  }

  /** The `Set-Cookie` line. */
  issue(consent: Consent, user: string): string {
    const sealed = this.sealer.seal(JSON.stringify(rawConsent(consent)), user);
    return setCookie(CONSENT_COOKIE, sealed, Math.floor(this.lifeMs / 1000), true);
  }

  /** What the user consented to; null for what is not ours, not his, or too old. */
  read(header: string | undefined, user: string): Consent | null {
    const text = header === undefined ? undefined : cookieNamed(header, CONSENT_COOKIE);
    const sealed = text === undefined ? undefined : decodedCookie(text);
    const plain = sealed === undefined ? null : this.sealer.open(sealed, user);
    const consent = plain === null ? null : consentOf(parseJson(plain));
    return consent !== null && consent.issuedAtMs + this.lifeMs > this.clock.now() ? consent : null;
  }
}

/** As it lies in the cookie: `[mode, ms, service id]` or `[mode, ms, token, owner]`. */
export function rawConsent(consent: Consent): Json[] {
  const { mode, issuedAtMs } = consent;
  return mode === 'service'
    ? [mode, issuedAtMs, consent.serviceId]
    : [mode, issuedAtMs, consent.token, consent.owner];
}

function consentOf(raw: Json | undefined): Consent | null {
  if (!Array.isArray(raw)) return null;
  const [mode, issuedAtMs, first, second] = raw;
  if (typeof issuedAtMs !== 'number' || typeof first !== 'string') return null;
  if (mode === 'service') return { mode, issuedAtMs, serviceId: first };
  return mode === 'token' && typeof second === 'string'
    ? { mode, issuedAtMs, token: first, owner: second }
    : null;
}
