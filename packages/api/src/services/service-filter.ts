import type { Request } from 'express';
import { SERVICE_KEYS } from '@waiter/core';
import type { ServiceRecord } from '@waiter/store';
import { valuesOf } from '../http/query';
import { matches, matchesAll } from './filters';

/** Which services a list is about, by its query (spec: services-and-tokens 4.2.1, 4.6). */
export function serviceFilter(request: Request): (record: ServiceRecord) => boolean {
  const mode = valuesOf(request, 'star-mode');
  const starMeansAll = mode.length === 0 || mode.includes('all');
  const parameters = new Map(
    Object.keys(request.query)
      .filter((name) => SERVICE_KEYS.has(name.split('.', 1)[0] ?? ''))
      .map((name) => [name, valuesOf(request, name)]),
  );
  const tokens = valuesOf(request, 'token');
  const versions = valuesOf(request, 'token-version');
  return (record) => {
    const sources = record.sourceTokens.flat();
    const anySource = (wanted: readonly string[], key: 'token' | 'version'): boolean =>
      wanted.length === 0 || sources.some((source) => matches(source[key], wanted, starMeansAll));
    return (
      anySource(tokens, 'token') &&
      anySource(versions, 'version') &&
      matchesAll(record.effective, parameters, starMeansAll)
    );
  };
}
