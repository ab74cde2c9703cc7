import { isMap, type Json, own, pick, TOKEN_DATA_KEYS, type TokenData } from '@waiter/core';

const withoutPrevious = (data: TokenData): Record<string, Json> => pick(data, (key) => key !== 'previous');

/** The data with `previous` nested at most `versions - 1` deep; empty ones are left out (spec: 5.4). */
export function trimHistory(data: TokenData, versions: number): Record<string, Json> {
  const chain: Record<string, Json>[] = [];
  let version: Json | undefined = { ...data };
  while (
    isMap(version) &&
    chain.length < versions &&
    (chain.length === 0 || Object.keys(version).length > 0)
  ) {
    chain.push(withoutPrevious(version));
    version = own<Json>(version, 'previous');
  }
  return chain.reduceRight<Record<string, Json>>(
    (previous, current) => (Object.keys(previous).length === 0 ? current : { ...current, previous }),
    {},
  );
}

/**
 * The version that follows `current`, with its history. A token that is created again after a soft delete by the same
 * owner keeps the history from before; by another owner it starts afresh, so that nobody inherits (or falls back to)
 * the services of somebody else.
 */
export function nextVersion(
  data: TokenData,
  current: TokenData | null,
  versions: number,
): Record<string, Json> {
  const next = pick(data, (key) => TOKEN_DATA_KEYS.has(key));
  const given = own(next, 'previous');
  if (given !== undefined) return trimHistory(next, versions);
  let previous: Json = {};
  if (current !== null && own(current, 'deleted') !== true) previous = { ...current };
  else if (current !== null && own(current, 'owner') === own(next, 'owner'))
    previous = own(current, 'previous') ?? {};
  return trimHistory({ ...next, previous }, versions);
}
