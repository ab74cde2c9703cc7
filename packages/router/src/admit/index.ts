import { own, refuseUnsupportedHeaders, type DescriptionSettings } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import type { RequestTokens } from '../resolve';
import type { Answer } from '../respond';
import { authenticateOneUser, refuseAuthenticationHeaders } from './authentication';
import { httpsRedirect } from './https-redirect';
import { refuseInMaintenance } from './maintenance';

export { OperatorStates, refuseSuspended } from './suspended';

/**
 * What every proxied request passes before its service is looked at, in the order of services-and-tokens 0.4.
 * Authorisation follows when the service is known; suspension and queue limits belong to reservation.
 * @returns an answer that ends the request, or null; who is authenticated goes into `facts`
 * @throws WaiterError for refusals
 */
export function admit(
  head: RequestHead,
  facts: RequestFacts,
  tokens: RequestTokens,
  settings: DescriptionSettings,
  user: string,
): Answer | null {
  const { headers } = head;
  const { names, records, metadata, authentication } = tokens;
  if (records.some((record) => record !== null)) {
    facts.token = names.join(',');
    const owner = own(metadata, 'owner');
    facts.tokenOwner = typeof owner === 'string' ? owner : null;
  }
  refuseUnsupportedHeaders(headers, settings);
  refuseInMaintenance(names, metadata);
  const answer = httpsRedirect(head, metadata) ?? refuseAuthenticationHeaders(headers, authentication);
  if (answer !== null) return answer;
  const authenticated = authenticateOneUser(headers, authentication, user);
  if ('status' in authenticated) return authenticated;
  facts.principal = authenticated.principal;
  facts.authenticationMethod = authenticated.method;
  return null;
}

/** The name of a principal: what is before the `@`. */
export function userOf(principal: string | null): string | null {
  return principal === null ? null : (principal.split('@', 1)[0] ?? principal);
}
