import {
  authorizeRequest,
  isApiRequest,
  requestTimeouts,
  type Entitlement,
  type ResolvedService,
} from '@waiter/core';
import type { RequestFacts, RequestHead } from './accept';
import { admit, refuseSuspended, userOf, type OperatorStates } from './admit';
import type { RouterOptions } from './options';
import type { Fallback, RequestTokens, ServiceRegistrar, ServiceResolver } from './resolve';
import type { Answer } from './respond';
import type { WorkerMetrics } from './worker-metrics';

export interface AdmissionParts {
  readonly options: RouterOptions;
  /** By which a request can mean the router itself. */
  readonly ownNames: readonly string[];
  readonly resolver: ServiceResolver;
  readonly fallback: Fallback;
  readonly registrar: ServiceRegistrar;
  readonly operators: OperatorStates;
  readonly entitlement: Entitlement;
  readonly metrics: WorkerMetrics;
}

/** The service that may be used, or the answer that ends the request. */
export type Admitted = ResolvedService | Answer;

/** Resolve and admit: what all lanes do with a request before they reserve. Synchronous where everything is known. */
export class Admission {
  constructor(private readonly parts: AdmissionParts) {}

  /** Whether the request is for Waiter itself (spec: request-path 1.4). */
  isForApi({ path, host, headers }: RequestHead): boolean {
    return isApiRequest({ path, host: host ?? undefined, headers }, this.parts.ownNames);
  }

  /** @throws WaiterError (or rejects with one) for refusals; what is known by then is in `facts` */
  admitted(head: RequestHead, facts: RequestFacts): Admitted | Promise<Admitted> {
    const loading = this.parts.resolver.tokensOf(head.headers);
    if ('then' in loading) return loading.then((tokens) => this.withTokens(head, facts, tokens));
    return this.withTokens(head, facts, loading);
  }

  private withTokens(
    head: RequestHead,
    facts: RequestFacts,
    tokens: RequestTokens,
  ): Admitted | Promise<Admitted> {
    const { options, resolver, fallback } = this.parts;
    const answer = admit(head, facts, tokens, options.descriptions, options.user);
    if (answer !== null) return answer;
    const user = userOf(facts.principal);
    const { headers, arrivedAtMs } = head;
    const latest = resolver.resolve(tokens, headers, user);
    const choice = fallback.choose({ tokens, headers, user, latest, arrivedAtMs });
    if (choice instanceof Promise) return choice.then((service) => this.chosen(head, facts, latest, service));
    return this.chosen(head, facts, latest, choice);
  }

  private chosen(
    { headers }: RequestHead,
    facts: RequestFacts,
    latest: ResolvedService,
    service: ResolvedService,
  ): Admitted | Promise<Admitted> {
    const { options, metrics, entitlement, operators, registrar } = this.parts;
    const user = userOf(facts.principal);
    const { serviceId } = service;
    facts.service = service;
    facts.latestServiceId = latest.serviceId;
    authorizeRequest(service, user, entitlement);
    if (service !== latest) metrics.of(serviceId).fallbacks.inc();
    // Of an earlier version only the service is used; the rest is as the token says now.
    facts.timeouts = requestTimeouts(
      headers,
      latest.tokenMetadata,
      options.timeouts,
      service.compiled.backendProto,
    );
    const saying = operators.of(serviceId);
    const registering = registrar.register(service);
    if (!('then' in saying) && registering === undefined) {
      refuseSuspended(serviceId, saying);
      return (facts.service = operators.applied(service, saying));
    }
    return Promise.all([saying, registering]).then(([said]) => {
      refuseSuspended(serviceId, said);
      return (facts.service = operators.applied(service, said));
    });
  }
}
