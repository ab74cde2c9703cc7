import type { Json } from '../words';
import { isMap, own } from '../json';
import type { Reference, SourceToken } from './references';
import { sourceTokensOf } from './references';
import type { DescriptionSettings } from './settings';
import { tokenMetadataInUse, tokenTemplate } from './templates';
import type { TokenData } from './token-hash';
import { serviceEntryId, tokenHash } from './token-hash';

/** Whether everything that led to a service has moved on, and since when (spec: services-and-tokens 5.8). */
export interface Staleness {
  readonly stale: boolean;
  /** Epoch ms; null when it is not stale, or when nobody knows. */
  readonly sinceMs: number | null;
}

/** A token with its history, soft-deleted ones too; null when there is none (any more). */
export type TokenLookup = (token: string) => TokenData | null;

const FRESH: Staleness = { stale: false, sinceMs: null };

const timeOf = (data: TokenData): number | null => {
  const time = own(data, 'last-update-time');
  return typeof time === 'number' ? time : null;
};

const latest = (times: readonly (number | null)[]): number | null => {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/** When another version took the place of `version`; if that is forgotten, the oldest update that is known. */
function supersededAt(data: TokenData | null, version: string): number | null {
  let oldest: number | null = null;
  let at: Json | TokenData | undefined = data ?? undefined;
  while (isMap(at)) {
    oldest = timeOf(at) ?? oldest;
    const previous: Json | undefined = own(at, 'previous');
    if (isMap(previous) && tokenHash(previous) === version) return oldest;
    at = previous;
  }
  return oldest;
}

/** One source-token set is stale when each of its tokens has another version now, or is gone. */
export function sourcesStaleness(sources: readonly SourceToken[], tokenOf: TokenLookup): Staleness {
  const tokens = sources.filter(({ token }) => serviceEntryId(token) === null);
  const states = tokens.map(({ token, version }) => ({ version, data: tokenOf(token) }));
  const isCurrent = ({ version, data }: (typeof states)[number]): boolean =>
    data !== null && tokenHash(data) === version;
  if (states.some(isCurrent)) return FRESH;
  return { stale: sources.length > 0, sinceMs: latest(states.map((s) => supersededAt(s.data, s.version))) };
}

/**
 * Whether a service is stale: it has references, and all of them are. The reference `{}` never is, so a service that
 * was ever used without a token is only ever idle.
 */
export function serviceStaleness(references: readonly Reference[], tokenOf: TokenLookup): Staleness {
  if (references.length === 0) return FRESH;
  const states = references.map((reference) => sourcesStaleness(sourceTokensOf(reference), tokenOf));
  if (!states.every(({ stale }) => stale)) return FRESH;
  return { stale: true, sinceMs: latest(states.map(({ sinceMs }) => sinceMs)) };
}

const number = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/**
 * Until when a stale service may stay though nobody uses it, epoch ms (spec: services-and-tokens 5.9): the window in
 * which requests may fall back to it, and `stale-timeout-mins`, as the tokens say now.
 * @param lastModifiedMs counts where the time at which it went stale is not known
 */
export function staleDeadlineMs(
  references: readonly Reference[],
  sinceMs: number | null,
  lastModifiedMs: number,
  tokenOf: TokenLookup,
  settings: DescriptionSettings,
): number {
  const sets = references
    .map((reference) => sourceTokensOf(reference).filter(({ token }) => serviceEntryId(token) === null))
    .filter((sources) => sources.length > 0);
  const periods = sets.map((sources) => {
    const metadata = metadataOf(sources, tokenOf, settings);
    const secs = number(own(metadata, 'fallback-period-secs'));
    return secs * 1000 + number(own(metadata, 'stale-timeout-mins')) * 60_000;
  });
  const alone = number(own(settings.tokenDefaults, 'stale-timeout-mins')) * 60_000;
  return (sinceMs ?? lastModifiedMs) + (periods.length === 0 ? alone : Math.max(...periods));
}

function metadataOf(
  sources: readonly SourceToken[],
  tokenOf: TokenLookup,
  settings: DescriptionSettings,
): Readonly<Record<string, Json>> {
  const tokens = sources.flatMap(({ token }) => {
    const data = tokenOf(token);
    return data === null ? [] : [{ name: token, data, hash: tokenHash(data) }];
  });
  try {
    return tokenMetadataInUse(tokens, tokenTemplate(tokens), settings);
  } catch {
    // Its profile is not configured any more: what the tokens say by themselves counts.
    return tokenMetadataInUse(tokens, {}, settings);
  }
}
