import type { Consent } from '../authentication';
import { own } from '../json';
import type { ResolvedService } from './resolve';
import { isRunAsRequester } from './templates';
import type { TokenRecord } from './token-hash';
import type { TokenDiscovery } from './discover';

/**
 * Whether a request through these tokens runs as whoever asks, if he consented (spec: request-path 8.4): one token that
 * the host names, and that names nobody to run as.
 */
export function asksConsent(
  source: TokenDiscovery['source'],
  tokens: readonly (TokenRecord | null)[],
): boolean {
  const [token] = tokens;
  return (
    source === 'host-header' &&
    tokens.length === 1 &&
    token !== undefined &&
    token !== null &&
    isRunAsRequester(token.data)
  );
}

/**
 * Whether the consent is for what the request leads to.
 * @param candidate resolved as if there were consent
 */
export function approves(consent: Consent, candidate: ResolvedService): boolean {
  if (consent.mode === 'service') return consent.serviceId === candidate.serviceId;
  const [source] = candidate.sourceTokens;
  return (
    candidate.sourceTokens.length === 1 &&
    source?.token === consent.token &&
    own(candidate.tokenMetadata, 'owner') === consent.owner
  );
}
