import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { isMap, parseJson, type Clock } from '@waiter/core';

export const AUTH_COOKIE = 'x-waiter-auth';
export const EXPIRY_COOKIE = 'x-auth-expires-at';
const DAY_SECONDS = 86_400;

/** Whom a cookie vouches for, and until when (epoch seconds). */
export interface CookieContent {
  readonly principal: string;
  readonly expiresAt: number;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** No browser keeps more; what is longer is not ours. */
const LONGEST = 4096;

/**
 * The authentication cookies (spec: request-path 9.3): signed and encrypted in one (AES-256-GCM), in a form of our own.
 * `base64url(nonce, tag, encrypted JSON)`; the cluster's name is part of what is signed. The first password makes
 * cookies, every password may have made one, so that passwords can be rotated.
 */
export class AuthCookies {
  private readonly keys: readonly Buffer[];

  constructor(
    passwords: readonly string[],
    private readonly cluster: string,
    private readonly clock: Clock,
  ) {
    this.keys = (passwords.length === 0 ? [randomBytes(32).toString('hex')] : passwords).map((password) =>
      Buffer.from(hkdfSync('sha256', password, cluster, 'waiter authentication cookie', 32)),
    );
  }

  /** `Set-Cookie` lines of a fresh pair, in the order of the original. */
  issue(principal: string): readonly string[] {
    const expiresAt = Math.floor(this.clock.now() / 1000) + DAY_SECONDS;
    const life = `Max-Age=${DAY_SECONDS};Path=/`;
    return [
      `${EXPIRY_COOKIE}=${expiresAt};${life}`,
      `${AUTH_COOKIE}=${encodeURIComponent(this.encode({ principal, expiresAt }))};${life};HttpOnly=true`,
    ];
  }

  /** What the `Cookie` header vouches for; null without a cookie of ours, or with one that is over or was tampered with. */
  read(header: string | undefined): CookieContent | null {
    const text = header === undefined ? undefined : cookieNamed(header, AUTH_COOKIE);
    const content = text === undefined || text.length > LONGEST ? null : this.decode(text);
    return content !== null && content.expiresAt * 1000 > this.clock.now() ? content : null;
  }

  private encode({ principal, expiresAt }: CookieContent): string {
    const nonce = randomBytes(NONCE_BYTES);
    const [key = Buffer.alloc(0)] = this.keys;
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(this.cluster));
    const text = JSON.stringify([principal, this.clock.now(), { 'expires-at': expiresAt }]);
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64url');
  }

  private decode(text: string): CookieContent | null {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
    for (const key of this.keys) {
      const plain = this.decrypt(key, bytes);
      if (plain !== null) return contentOf(plain);
    }
    return null;
  }

  private decrypt(key: Buffer, bytes: Buffer): string | null {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(this.cluster))
      .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const encrypted = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
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

/** The first cookie of this name, decoded. */
function cookieNamed(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const mark = pair.indexOf('=');
    if (mark < 0 || pair.slice(0, mark).trim() !== name) continue;
    const value = pair
      .slice(mark + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    try {
      return decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return undefined;
}
