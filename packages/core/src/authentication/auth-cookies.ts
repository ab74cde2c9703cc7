import type { Clock } from '../clock';
import { isMap, parseJson } from '../json';
import { identityOf, type Identity, type RequestHeaders } from './authenticator';
import { cookieNamed, decodedCookie, setCookie } from './cookies';
import { Sealer } from './sealer';

export const AUTH_COOKIE = 'x-waiter-auth';
export const EXPIRY_COOKIE = 'x-auth-expires-at';
const DAY_SECONDS = 86_400;
/** Cookies whose content is remembered: opening one costs some microseconds, and clients send it with each request. */
const MAX_REMEMBERED = 5_000;
/** So long the same pair is given to requests of one principal. */
const SHARED_MS = 1_000;
const BEARER = /(^|,)\s*Bearer\s+[^\s,.]+\.[^\s,.]+\.[^\s,.]+/i;

/** Whom a cookie vouches for, and until when (epoch seconds). */
export interface CookieContent {
  readonly principal: string;
  readonly expiresAt: number;
}

/** The authentication cookies (spec: request-path 9.3): a sealed one for us, and one that tells scripts of its expiry. */
export class AuthCookies {
  private readonly sealer: Sealer;
  /** By the text of the cookie; null: not ours. */
  private readonly opened = new Map<string, CookieContent | null>();
  private readonly shared = new Map<string, { readonly atMs: number; readonly lines: readonly string[] }>();

  constructor(
    passwords: readonly string[],
    cluster: string,
    private readonly clock: Clock,
  ) {
    this.sealer = new Sealer(passwords, cluster, 'waiter authentication cookie');
  }

  /** `Set-Cookie` lines of a fresh pair, in the order of the original. */
  issue(principal: string): readonly string[] {
    const now = this.clock.now();
    const expiresAt = Math.floor(now / 1000) + DAY_SECONDS;
    const sealed = this.sealer.seal(JSON.stringify([principal, now, { 'expires-at': expiresAt }]));
    return [
      setCookie(EXPIRY_COOKIE, String(expiresAt), DAY_SECONDS, false),
      setCookie(AUTH_COOKIE, sealed, DAY_SECONDS, true),
    ];
  }

  /** The same, for proxied requests: one pair a second for each principal, and the same list for all who get it. */
  issueOften(principal: string): readonly string[] {
    const now = this.clock.now();
    const last = this.shared.get(principal);
    if (last !== undefined && now - last.atMs < SHARED_MS) return last.lines;
    if (this.shared.size >= MAX_REMEMBERED) this.shared.clear();
    const lines = this.issue(principal);
    this.shared.set(principal, { atMs: now, lines });
    return lines;
  }

  /** What the `Cookie` header vouches for; null without a cookie of ours, or with one that is over or was tampered with. */
  read(header: string | undefined): CookieContent | null {
    const text = header === undefined ? undefined : cookieNamed(header, AUTH_COOKIE);
    if (text === undefined) return null;
    let content = this.opened.get(text);
    if (content === undefined) {
      content = this.open(text);
      if (this.opened.size >= MAX_REMEMBERED) this.opened.clear();
      this.opened.set(text, content);
    }
    return content !== null && content.expiresAt * 1000 > this.clock.now() ? content : null;
  }

  /** Who is known by his cookie. One who shows a bearer token is not. */
  identityIn({ cookie, authorization }: RequestHeaders): Identity | null {
    if (typeof cookie !== 'string') return null;
    if (typeof authorization === 'string' && BEARER.test(authorization)) return null;
    const content = this.read(cookie);
    return content === null ? null : identityOf(content.principal, 'cookie');
  }

  private open(text: string): CookieContent | null {
    const sealed = decodedCookie(text);
    const plain = sealed === undefined ? null : this.sealer.open(sealed);
    return plain === null ? null : contentOf(plain);
  }
}

function contentOf(text: string): CookieContent | null {
  const parts = parseJson(text);
  if (!Array.isArray(parts)) return null;
  const [principal, createdAt, metadata] = parts;
  if (typeof principal !== 'string' || !Number.isInteger(createdAt) || !isMap(metadata)) return null;
  const expiresAt = metadata['expires-at'];
  return typeof expiresAt === 'number' && Number.isInteger(expiresAt) ? { principal, expiresAt } : null;
}
