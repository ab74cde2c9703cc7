import { own, refuseUnsupportedHeaders, type DescriptionSettings } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import type { RequestTokens } from '../resolve';
import type { Answer } from '../respond';
import { refuseAuthenticationHeaders } from './authentication';
import type { CorsCheck } from './cors';
import { httpsRedirect } from './https-redirect';
import { refuseInMaintenance } from './maintenance';

export { RequestAuthentication } from './authentication';
export { ConsentCheck } from './consent';
export { CorsCheck } from './cors';
export { aimed, type Aimed } from './health-check';
export { Interstitials } from './interstitial';
export { bodyLimit, refuseLargeBody } from './body-size';
export { OperatorStates, refuseSuspended } from './suspended';

/**
 * What every proxied request passes before anybody asks who sends it, in the order of services-and-tokens 0.4.
 * Authorisation follows when the service is known; suspension and queue limits belong to reservation.
 * @returns an answer that ends the request, or null; which token it came by goes into `facts`
 * @throws WaiterError for refusals
 */
export function admit(
  head: RequestHead,
  facts: RequestFacts,
  tokens: RequestTokens,
  settings: DescriptionSettings,
  cors: CorsCheck,
): Answer | null {
  const { headers } = head;
  const { names, records, metadata, authentication } = tokens;
  if (records.some((record) => record !== null)) {
    facts.token = names.join(',');
    const owner = own(metadata, 'owner');
    facts.tokenOwner = typeof owner === 'string' ? owner : null;
  }
  const preflight = headers['origin'] === undefined ? null : cors.preflight(head, metadata);
  if (preflight !== null) return preflight;
  refuseUnsupportedHeaders(headers, settings);
  refuseInMaintenance(names, metadata);
  return httpsRedirect(head, metadata) ?? refuseAuthenticationHeaders(headers, authentication);
}

/** The name of a principal: what is before the `@`. */
export function userOf(principal: string | null): string | null {
  return principal === null ? null : (principal.split('@', 1)[0] ?? principal);
}
