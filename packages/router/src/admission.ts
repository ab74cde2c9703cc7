import {
  authorizeRequest,
  isApiRequest,
  requestTimeouts,
  type Entitlement,
  type ResolvedService,
} from '@waiter/core';
import type { RequestFacts, RequestHead } from './accept';
import { admit, userOf } from './admit';
import type { RouterOptions } from './options';
import type { RequestTokens, ServiceRegistrar, ServiceResolver } from './resolve';
import type { Answer } from './respond';

export interface AdmissionParts {
  readonly options: RouterOptions;
  /** By which a request can mean the router itself. */
  readonly ownNames: readonly string[];
  readonly resolver: ServiceResolver;
  readonly registrar: ServiceRegistrar;
  readonly entitlement: Entitlement;
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
    const { options, resolver, entitlement, registrar } = this.parts;
    const answer = admit(head, facts, tokens, options.descriptions, options.user);
    if (answer !== null) return answer;
    const user = userOf(facts.principal);
    const service = resolver.resolve(tokens, head.headers, user);
    facts.service = service;
    authorizeRequest(service, user, entitlement);
    facts.timeouts = requestTimeouts(head.headers, service.tokenMetadata, options.timeouts);
    const registering = registrar.register(service);
    return registering === undefined ? service : registering.then(() => service);
  }
}
