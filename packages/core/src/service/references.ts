import type { Json } from '../words';
import { isMap, own } from '../json';
import { serviceEntryId } from './token-hash';

/** A token and the version (hash) of it that led to a service. */
export interface SourceToken {
  readonly token: string;
  readonly version: string;
}

/**
 * One way in which a service came to be used: entries by type (spec: services-and-tokens 2.10). `{}` is a use without
 * tokens; `{token: {sources: [...]}}` one through these tokens, in the order of the request.
 */
export type Reference = Readonly<Record<string, Json>>;

export function referenceOf(sourceTokens: readonly SourceToken[]): Reference {
  if (sourceTokens.length === 0) return {};
  return { token: { sources: sourceTokens.map(({ token, version }) => ({ token, version })) } };
}

const isSource = (value: Json): value is { token: string; version: string } =>
  isMap(value) && typeof value['token'] === 'string' && typeof value['version'] === 'string';

/** The tokens of one reference; empty when it names none. */
export function sourceTokensOf(reference: Reference): readonly SourceToken[] {
  const entry = own(reference, 'token');
  const sources = isMap(entry) ? own(entry, 'sources') : undefined;
  return Array.isArray(sources) ? sources.filter(isSource) : [];
}

/**
 * Tokens whose present versions lead to the service: those of source-token sets all of whose versions are current
 * (spec: services-and-tokens 5.8). Names like `^SERVICE-ID#...` are no tokens of anybody.
 * @param versionOf hash of the live token; null when it is absent or soft-deleted
 */
export function currentTokens(
  references: readonly Reference[],
  versionOf: (token: string) => string | null,
): readonly string[] {
  const current = references
    .map(sourceTokensOf)
    .filter((sources) => sources.every(({ token, version }) => versionOf(token) === version))
    .flatMap((sources) => sources.map(({ token }) => token))
    .filter((token) => serviceEntryId(token) === null);
  return [...new Set(current)].sort();
}
