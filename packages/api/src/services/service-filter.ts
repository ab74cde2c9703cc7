import type { Request } from 'express';
import { SERVICE_KEYS, textFilter, valueFilter } from '@waiter/core';
import type { SourceToken } from '@waiter/core';
import type { ServiceRecord } from '@waiter/store';
import { valuesOf } from '../http/query';

/** Which services a list is about, by its query (spec: services-and-tokens 4.2.1, 4.6). @throws WaiterError 400 */
export function serviceFilter(request: Request): (record: ServiceRecord) => boolean {
  const mode = valuesOf(request, 'star-mode');
  const starMeansAll = mode.length === 0 || mode.includes('all');
  const passes = valueFilter(
    Object.keys(request.query)
      .filter((name) => SERVICE_KEYS.has(name.split('.', 1)[0] ?? ''))
      .map((path) => ({ path, values: valuesOf(request, path) })),
    starMeansAll,
  );
  const byToken = sourceFilter(valuesOf(request, 'token'), 'token', starMeansAll);
  const byVersion = sourceFilter(valuesOf(request, 'token-version'), 'version', starMeansAll);
  return (record) => {
    const sources = record.sourceTokens.flat();
    return byToken(sources) && byVersion(sources) && passes(record.effective);
  };
}

/** Whether some source token has one of these names or versions; without any, all pass. */
function sourceFilter(
  wanted: readonly string[],
  key: keyof SourceToken,
  starMeansAll: boolean,
): (sources: readonly SourceToken[]) => boolean {
  if (wanted.length === 0) return () => true;
  const passes = textFilter(wanted, starMeansAll);
  return (sources) => sources.some((source) => passes(source[key]));
}
