import { currentTokens, own } from '@waiter/core';
import type { Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { resolveToken } from './resolve-request';
import type { ServiceFacts } from './service-view';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'clock'>;

/**
 * The earlier version that serves in the place of a service that is its token's latest but not up yet (spec:
 * services-and-tokens 4.6.1); empty when none does.
 */
export async function tokenFallback(deps: Deps, facts: ServiceFacts): Promise<Record<string, Json>> {
  const { record, tokenVersions } = facts;
  const [name, ...more] = currentTokens(record.references, (token) => tokenVersions.get(token) ?? null);
  const user = own(record.description, 'run-as-user');
  if (name === undefined || more.length > 0 || typeof user !== 'string') return {};
  const token = await deps.store.tokens.get(name);
  const resolved = token === null ? null : await resolveToken(deps, token, user);
  if (resolved === null || resolved.latest.serviceId !== record.id) return {};
  if (resolved.serving.serviceId === record.id) return {};
  return { 'token-fallback': { 'service-id': resolved.serving.serviceId } };
}
