import type { ServiceId } from '../words';
import { WaiterError } from '../errors';
import { isMap, own, parseJson } from '../json';
import type { HeaderMap } from './headers';
import type { ResolvedService, ResolveInput } from './resolve';
import { resolveService } from './resolve';
import type { DescriptionSettings } from './settings';
import type { TokenRecord } from './token-hash';
import { tokenHash } from './token-hash';

/**
 * Until when requests may be served by an earlier version, epoch ms (spec: services-and-tokens 2.11): the newest
 * write among the tokens and `fallback-period-secs`, where the header beats the tokens.
 * @returns 0 when they may not at all
 */
export function fallbackUntilMs(headers: HeaderMap, latest: ResolvedService): number {
  const { tokensUpdatedAtMs, tokenMetadata, sourceTokens } = latest;
  if (sourceTokens.length === 0 || tokensUpdatedAtMs === 0) return 0;
  const header = own(headers, 'x-waiter-fallback-period-secs');
  const asked = header === undefined ? undefined : parseJson(header);
  const period = typeof asked === 'number' && asked >= 0 ? asked : own(tokenMetadata, 'fallback-period-secs');
  return typeof period === 'number' && period > 0 ? tokensUpdatedAtMs + period * 1000 : 0;
}

const updatedAt = ({ data }: TokenRecord): number => {
  const time = own(data, 'last-update-time');
  return typeof time === 'number' ? time : 0;
};

const previousOf = ({ name, data }: TokenRecord): TokenRecord | null => {
  const previous = own(data, 'previous');
  if (!isMap(previous) || Object.keys(previous).length === 0) return null;
  return { name, data: previous, hash: tokenHash(previous) };
};

/**
 * The tokens as they were before the latest write to any of them, before the one before that, and so on: every state
 * that the sequence has really been in, as far as history goes back.
 */
export function* earlierTokens(
  tokens: readonly TokenRecord[],
  steps: number,
): Generator<readonly TokenRecord[]> {
  let current = tokens;
  for (let step = 0; step < steps; step += 1) {
    const newest = Math.max(...current.map(updatedAt));
    const index = current.findIndex((token) => updatedAt(token) === newest && previousOf(token) !== null);
    const chosen = current[index];
    const previous = chosen === undefined ? null : previousOf(chosen);
    if (previous === null) return;
    current = current.map((token, i) => (i === index ? previous : token));
    yield current;
  }
}

/**
 * What the request would have led to by earlier versions of its tokens, newest first, at most `history-length`.
 * Versions that make no service are left out.
 */
export function* earlierServices(
  input: ResolveInput,
  settings: DescriptionSettings,
): Generator<ResolvedService> {
  const present = input.tokens.filter((token) => token !== null);
  if (present.length === 0 || present.length < input.tokens.length) return;
  for (const tokens of earlierTokens(present, settings.historyLength)) {
    if (tokens.some(({ hash }) => hash === null)) continue;
    try {
      yield resolveService({ ...input, tokens }, settings);
    } catch (error) {
      if (!(error instanceof WaiterError)) throw error;
    }
  }
}

/**
 * The service that serves the request: the latest where it is healthy, else the newest earlier one that is, else the
 * latest (spec: request-path 8.6). Only within the fallback window: see `fallbackUntilMs`.
 */
export function serviceInUse(
  latest: ResolvedService,
  earlier: Iterable<ResolvedService>,
  isHealthy: (id: ServiceId) => boolean,
): ResolvedService {
  if (isHealthy(latest.serviceId)) return latest;
  for (const service of earlier) if (isHealthy(service.serviceId)) return service;
  return latest;
}
