import {
  AuthCookies,
  authorizeRequest,
  ConsentCookies,
  CorsPolicy,
  Entitlement,
  SimpleEntitlementManager,
  systemClock,
  type Authenticator,
  type ResolvedService,
} from '@waiter/core';
import { Admission } from './admission';
import { ConsentCheck, CorsCheck, RequestAuthentication } from './admit';
import type { Knowledge } from './knowledge';
import type { RouterOptions } from './options';
import { Fallback, ownNames, ServiceResolver } from './resolve';
import type { WorkerMetrics } from './worker-metrics';

export interface ClientAdmissionParts {
  readonly options: RouterOptions;
  readonly knowledge: Knowledge;
  readonly authenticator: Authenticator;
  readonly metrics: WorkerMetrics;
}

/** Who may do what, as the options say it, over what the worker knows. */
export function clientAdmission(parts: ClientAdmissionParts): Admission {
  const { options, knowledge, authenticator, metrics } = parts;
  const { tokens, registrar, health, operators, interstitials } = knowledge;
  const { limits, descriptions } = options;
  const resolver = new ServiceResolver(tokens, descriptions, limits.cacheEntries);
  const entitlement = new Entitlement(new SimpleEntitlementManager(options.user));
  const fallback = new Fallback(
    resolver,
    health,
    (latest, user) => {
      // Who may not use the latest version does not start it either; the earlier one serves all the same.
      if (mayUse(latest, user, entitlement))
        knowledge.ask(latest, 'the latest version could not be asked for');
    },
    limits.cacheEntries,
  );
  const { passwords, redis } = options;
  return new Admission({
    options,
    ownNames: ownNames(descriptions.hostnames),
    resolver,
    authentication: new RequestAuthentication(
      authenticator,
      new AuthCookies(passwords, redis.cluster, systemClock),
    ),
    cors: new CorsCheck(new CorsPolicy(options.cors)),
    consent: new ConsentCheck(
      resolver,
      new ConsentCookies(passwords, redis.cluster, systemClock, options.consentMs),
    ),
    interstitials,
    fallback,
    registrar,
    operators,
    entitlement,
    metrics,
  });
}

function mayUse(service: ResolvedService, user: string | null, entitlement: Entitlement): boolean {
  try {
    authorizeRequest(service, user, entitlement);
    return true;
  } catch {
    return false;
  }
}
