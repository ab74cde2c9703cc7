import {
  type DescriptionSettings,
  isMap,
  type Json,
  own,
  pick,
  SERVICE_KEYS,
  type TokenData,
  USER_METADATA_KEYS,
} from '@waiter/core';

/** Years 1970 to 9999: what both the storage and a date in ISO form with four-digit year can hold. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31);
export const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TIME_MS;

/** Times of the history as ISO text, at every level. */
function shownHistory(data: Json | undefined): Json {
  const levels: Record<string, Json>[] = [];
  for (let at = data; isMap(at); at = own<Json>(at, 'previous')) {
    const time = own<Json>(at, 'last-update-time');
    levels.push(isTime(time) ? { ...at, 'last-update-time': new Date(time).toISOString() } : { ...at });
  }
  return levels.reduceRight<Json>(
    (previous, level) => (Object.hasOwn(level, 'previous') ? { ...level, previous } : level),
    {},
  );
}

/** Parameters and user metadata, the owner always among them. */
export function plainView(data: TokenData): Record<string, Json> {
  const shown = pick(data, (key) => SERVICE_KEYS.has(key) || USER_METADATA_KEYS.has(key));
  const runAsUser = own(data, 'run-as-user');
  return Object.hasOwn(shown, 'owner') || runAsUser === undefined ? shown : { ...shown, owner: runAsUser };
}

/** With the bookkeeping too (spec: services-and-tokens 4.1.1, include=metadata). */
export function metadataView(
  data: TokenData,
  { clusterName }: DescriptionSettings,
  /** Of tokens that state none. */
  cluster: string,
): Record<string, Json> {
  const time = own(data, 'last-update-time');
  const user = own(data, 'last-update-user');
  return {
    ...plainView(data),
    cluster: own(data, 'cluster') ?? cluster,
    ...(isTime(time) ? { 'last-update-time': new Date(time).toISOString() } : {}),
    ...(user === undefined ? {} : { 'last-update-user': user }),
    previous: shownHistory(own(data, 'previous') ?? {}),
    root: own(data, 'root') ?? clusterName,
    ...(own(data, 'deleted') === true ? { deleted: true } : {}),
  };
}
