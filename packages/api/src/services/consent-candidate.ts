import type { IncomingHttpHeaders } from 'node:http';
import { asksConsent, discoverTokens, own, resolveService, WaiterError } from '@waiter/core';
import type { ResolvedService } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { loadTokens, requestHeaders } from './resolve-request';

/** What a user is asked to run as himself. */
export interface ConsentCandidate {
  readonly token: string;
  readonly owner: string;
  /** As it would be with consent. */
  readonly service: ResolvedService;
  /** False: the token names somebody to run as. */
  readonly asks: boolean;
}

/**
 * The service that the token of this host leads to, run by the user.
 * @param unknownStatus of the answer when the host is no token
 * @throws WaiterError, 400 also where the token makes no service
 */
export async function consentCandidate(
  deps: Pick<ApiDeps, 'store' | 'config'>,
  rawHeaders: IncomingHttpHeaders,
  user: string,
  unknownStatus = 404,
): Promise<ConsentCandidate> {
  const { descriptions } = deps.config;
  // Only of the host: what a page is shown for must be what its later requests lead to.
  const { host = '', cookie = '' } = requestHeaders(rawHeaders);
  const headers = { host, cookie };
  const { source, names } = discoverTokens(headers, descriptions.hostnames);
  const tokens = await loadTokens(deps, names);
  const [token] = tokens;
  if (token === undefined || token === null) {
    throw new WaiterError('Unable to load description for token', {
      status: unknownStatus,
      details: { token: names[0] ?? null },
    });
  }
  const service = resolveService({ headers, source, names, tokens, user, consented: true }, descriptions);
  const owner = own(service.tokenMetadata, 'owner');
  return {
    token: token.name,
    owner: typeof owner === 'string' ? owner : '',
    service,
    asks: asksConsent(source, tokens),
  };
}
