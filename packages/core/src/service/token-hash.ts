import { createHash } from 'node:crypto';
import type { Json, ServiceId, ServiceParameters } from '../words';
import { canonicalForm } from '../canonical-text';
import { TOKEN_DATA_KEYS } from '../parameters';

/** What is stored of a token: service parameters, user and system metadata, flat (spec: services-and-tokens 1.3). */
export type TokenData = Readonly<Record<string, Json>>;

/** A token as the resolution reads it. */
export interface TokenRecord {
  readonly name: string;
  readonly data: TokenData;
  /** Version and ETag; null for a soft-deleted token. */
  readonly hash: string | null;
}

/** Version and ETag of a token, `previous` not counted; null when it is soft-deleted (spec: 5.2, vectors 6.1). */
export function tokenHash(data: TokenData): string | null {
  if (data['deleted'] === true) return null;
  const form = canonicalForm(data, (key) => key !== 'previous' && TOKEN_DATA_KEYS.has(key));
  return `E-${createHash('md5').update(form).digest('hex')}`;
}

const SERVICE_ENTRY = '^SERVICE-ID#';

/** The id in a name like `^SERVICE-ID#<id>`, which leads straight to a known service; else null. */
export function serviceEntryId(tokenName: string): string | null {
  return tokenName.startsWith(SERVICE_ENTRY) ? tokenName.slice(SERVICE_ENTRY.length) : null;
}

/** A stored service as the token `^SERVICE-ID#<id>`: its data is the core description (spec: services-and-tokens 2.1). */
export function serviceEntryToken(id: ServiceId, description: ServiceParameters): TokenRecord {
  return { name: SERVICE_ENTRY + id, data: description, hash: tokenHash(description) };
}
