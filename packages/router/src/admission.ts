import {
  authorizeRequest,
  isApiRequest,
  requestTimeouts,
  type Entitlement,
  type ResolvedService,
  type ServiceId,
} from '@waiter/core';
import type { RequestFacts, RequestHead } from './accept';
import {
  admit,
  aimed,
  bodyLimit,
  Interstitials,
  refuseLargeBody,
  refuseSuspended,
  userOf,
  type ConsentCheck,
  type CorsCheck,
  type OperatorStates,
  type RequestAuthentication,
} from './admit';
import type { RouterOptions } from './options';
import type { Fallback, RequestTokens, ServiceRegistrar, ServiceResolver } from './resolve';
import type { Answer } from './respond';
import type { ServiceState } from '@waiter/store';
import type { WorkerMetrics } from './worker-metrics';

export interface AdmissionParts {
  readonly options: RouterOptions;
  /** By which a request can mean the router itself. */
  readonly ownNames: readonly string[];
  readonly resolver: ServiceResolver;
  readonly authentication: RequestAuthentication;
  readonly cors: CorsCheck;
  readonly consent: ConsentCheck;
  readonly interstitials: Interstitials;
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

  /**
   * A service by its id, for a request about it rather than to it: who asks must be somebody, and allowed to use it.
   * @throws WaiterError
   */
  async ofService(head: RequestHead, facts: RequestFacts, serviceId: ServiceId): Promise<Admitted> {
    const { resolver, authentication, entitlement } = this.parts;
    const refusal = await authentication.identify(head.headers, facts, 'standard');
    if (refusal !== null) return refusal;
    const named = { 'x-waiter-token': `^SERVICE-ID#${serviceId}` };
    const user = userOf(facts.principal);
    const service = resolver.resolve(await resolver.tokensOf(named), named, user);
    facts.service = service;
    authorizeRequest(service, user, entitlement);
    return service;
  }

  /** @throws WaiterError (or rejects with one) for refusals; what is known by then is in `facts` */
  admitted(head: RequestHead, facts: RequestFacts): Admitted | Promise<Admitted> {
    Interstitials.strip(head);
    const loading = this.parts.resolver.tokensOf(head.headers);
    if ('then' in loading) return loading.then((tokens) => this.withTokens(head, facts, tokens));
    return this.withTokens(head, facts, loading);
  }

  private withTokens(
    head: RequestHead,
    facts: RequestFacts,
    tokens: RequestTokens,
  ): Admitted | Promise<Admitted> {
    const { options, authentication, cors } = this.parts;
    facts.bodyLimit = bodyLimit(options.limits.requestBodyBytes, tokens.metadata);
    refuseLargeBody(head.headers, facts.bodyLimit);
    const answer = admit(head, facts, tokens, options.descriptions, cors);
    if (answer !== null) return answer;
    const refusal = authentication.identify(head.headers, facts, tokens.authentication, head.isWebSocket);
    if (refusal instanceof Promise) {
      return refusal.then((refused) => refused ?? this.identified(head, facts, tokens));
    }
    return refusal ?? this.identified(head, facts, tokens);
  }

  private identified(
    head: RequestHead,
    facts: RequestFacts,
    tokens: RequestTokens,
  ): Admitted | Promise<Admitted> {
    const { cors, consent, fallback } = this.parts;
    const { headers, arrivedAtMs } = head;
    if (headers['origin'] !== undefined) cors.request(head, facts, tokens.metadata);
    const user = userOf(facts.principal);
    const resolved = consent.resolve(tokens, head, user);
    if ('status' in resolved) return resolved;
    const { latest, consented } = resolved;
    const choice = fallback.choose({ tokens, headers, user, latest, arrivedAtMs, consented });
    if (choice instanceof Promise) return choice.then((service) => this.chosen(head, facts, latest, service));
    return this.chosen(head, facts, latest, choice);
  }

  private chosen(
    head: RequestHead,
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
      head.headers,
      latest.tokenMetadata,
      options.timeouts,
      service.compiled.backendProto,
    );
    const saying = operators.of(serviceId);
    const registering = registrar.register(service);
    if (!('then' in saying) && registering === undefined) return this.startable(head, facts, service, saying);
    return Promise.all([saying, registering]).then(([said]) => this.startable(head, facts, service, said));
  }

  /** Nothing speaks against the service any more; a browser may be shown a page while it starts. */
  private startable(
    head: RequestHead,
    facts: RequestFacts,
    chosen: ResolvedService,
    said: ServiceState,
  ): Admitted | Promise<Admitted> {
    const { operators, interstitials } = this.parts;
    // Before the page, not after it as in the original: a suspended service is not started by a look at it.
    refuseSuspended(chosen.serviceId, said);
    const service = operators.applied(chosen, said);
    facts.service = service;
    if (service.compiled.interstitialMs === 0) return aimed(head, service);
    const answer = interstitials.answer(head, service);
    if (answer instanceof Promise) return answer.then((page) => page ?? aimed(head, service));
    return answer ?? aimed(head, service);
  }
}
