import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  authorizeRequest,
  isApiRequest,
  requestTimeouts,
  WaiterError,
  type Entitlement,
  type ResolvedService,
} from '@waiter/core';
import type { Logger } from '@waiter/observability';
import { checkHead, Exchange, newFacts, RequestHead, type AcceptHandlers, type RequestFacts } from './accept';
import { admit, refuseSuspended, userOf, type OperatorStates } from './admit';
import type { ApiHop, Forwarder, Upgrader } from './forward';
import type { RouterOptions } from './options';
import type { Fallback, ServiceRegistrar, ServiceResolver } from './resolve';
import type { Answer, Responder } from './respond';
import type { WorkerMetrics } from './worker-metrics';

export interface PipelineParts {
  readonly options: RouterOptions;
  /** By which a request can mean the router itself. */
  readonly ownNames: readonly string[];
  readonly resolver: ServiceResolver;
  readonly fallback: Fallback;
  readonly registrar: ServiceRegistrar;
  readonly operators: OperatorStates;
  readonly entitlement: Entitlement;
  readonly forwarder: Forwarder;
  readonly upgrader: Upgrader;
  readonly apiHop: ApiHop;
  readonly responder: Responder;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** The life of a request, in the order of the folders: accept, resolve, admit, reserve, forward, respond. */
export class RequestPipeline implements AcceptHandlers {
  constructor(private readonly parts: PipelineParts) {}

  request(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = new Exchange(new RequestHead(request), request, response);
    exchange.awaitsContinue = awaitsContinue;
    this.serve(exchange).catch((error: unknown) => this.fail(exchange, error));
  }

  private async serve(exchange: Exchange): Promise<void> {
    const { head, facts, response } = exchange;
    const fault = checkHead(head.message);
    if (fault !== null) {
      // What follows on this connection cannot be told apart from this request.
      response.shouldKeepAlive = false;
      throw fault;
    }
    const { path, host, headers } = head;
    if (isApiRequest({ path, host: host ?? undefined, headers }, this.parts.ownNames)) {
      return this.parts.apiHop.forward(exchange);
    }
    const admitted = await this.admitted(head, facts);
    if ('status' in admitted) return this.parts.responder.send(exchange, admitted);
    const { inFlight } = this.parts.metrics.of(admitted.serviceId);
    inFlight.inc();
    try {
      await this.parts.forwarder.forward(exchange, admitted);
    } finally {
      inFlight.dec();
    }
  }

  /** @returns the service that may be used, or the answer that ends the request */
  private async admitted(head: RequestHead, facts: RequestFacts): Promise<ResolvedService | Answer> {
    const { resolver, fallback, options, entitlement, registrar } = this.parts;
    const loading = resolver.tokensOf(head.headers);
    const tokens = 'then' in loading ? await loading : loading;
    const answer = admit(head, facts, tokens, options.descriptions, options.user);
    if (answer !== null) return answer;
    const user = userOf(facts.principal);
    const { headers, arrivedAtMs } = head;
    const latest = resolver.resolve(tokens, headers, user);
    const choice = fallback.choose({ tokens, headers, user, latest, arrivedAtMs });
    const service = choice instanceof Promise ? await choice : choice;
    facts.service = service;
    facts.latestServiceId = latest.serviceId;
    authorizeRequest(service, user, entitlement);
    if (service !== latest) this.parts.metrics.of(service.serviceId).fallbacks.inc();
    // Of an earlier version only the service is used; the rest is as the token says now.
    facts.timeouts = requestTimeouts(headers, latest.tokenMetadata, options.timeouts);
    const saying = this.parts.operators.of(service.serviceId);
    await registrar.register(service);
    const said = 'then' in saying ? await saying : saying;
    refuseSuspended(service.serviceId, said);
    return (facts.service = this.parts.operators.applied(service, said));
  }

  private async fail(exchange: Exchange, error: unknown): Promise<void> {
    const { responder } = this.parts;
    const { head, facts } = exchange;
    this.report(error, head);
    try {
      await responder.send(exchange, responder.render(error, head, facts));
    } catch (again) {
      this.report(again, head);
      exchange.response.destroy();
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, rest: Buffer): void {
    const { responder } = this.parts;
    const head = new RequestHead(request);
    const facts = newFacts();
    this.serveUpgrade(head, facts, socket, rest).catch((error: unknown) => {
      this.report(error, head);
      responder.sendRaw(socket, responder.render(error, head, facts), head, facts);
    });
  }

  private async serveUpgrade(
    head: RequestHead,
    facts: RequestFacts,
    socket: Duplex,
    rest: Buffer,
  ): Promise<void> {
    const fault = checkHead(head.message);
    if (fault !== null) throw fault;
    const admitted = await this.admitted(head, facts);
    if ('status' in admitted) return this.parts.responder.sendRaw(socket, admitted, head, facts);
    const { inFlight } = this.parts.metrics.of(admitted.serviceId);
    inFlight.inc();
    try {
      await this.parts.upgrader.forward({ head, facts, socket, rest }, admitted);
    } finally {
      inFlight.dec();
    }
  }

  /** Errors that clients are told are no news; anything else is a fault of ours. */
  private report(error: unknown, { cid, method, path }: RequestHead): void {
    if (!(error instanceof WaiterError))
      this.parts.logger.error('request failed', { cid, method, path, error });
  }
}
