import { WaiterError, type Json, type ResolvedService } from '@waiter/core';
import type { IncomingMessage } from 'node:http';
import type { Exchange, RequestFacts, RequestHead } from '../accept';
import type { Reservations, ReserveOptions, ReservableService, Slot } from '../reserve';
import { debugHeaders, drainBody } from '../respond';
import type { RouterOptions } from '../options';
import type { Agents } from './agents';
import { afterResend, failureError, releaseOutcome, retryOf, type Failure, type Outcome } from './outcome';
import type { Proxy } from './proxy';
import { requestHeaders, type OutgoingRequest } from './request-headers';
import { responseHeaders } from './response-headers';
import type { ServiceAuthorization } from './service-password';

/** Further instances that are tried when one cannot be connected to. */
export const MAX_RETRIES = 2;

export interface ForwarderParts {
  readonly proxy: Proxy;
  readonly agents: Agents;
  readonly reservations: Reservations;
  readonly authorization: ServiceAuthorization;
  readonly product: string;
  readonly options: RouterOptions;
  /** Told of every response head that goes to a client. */
  readonly onHead: (
    head: RequestHead,
    facts: RequestFacts,
    status: number,
    headers: readonly string[],
  ) => void;
}

/** @throws WaiterError 500 for protocols that this lane does not speak */
export function protocolOf(backendProto: string): 'http:' | 'https:' {
  if (backendProto === 'http' || backendProto === 'https') return `${backendProto}:`;
  throw new WaiterError(`Unsupported backend-proto: ${backendProto}`, {
    status: 500,
    errorCause: 'generic-error',
  });
}

export function reservable({ serviceId, compiled }: ResolvedService): ReservableService {
  const { concurrencyLevel, loadBalancing, maxQueueLength } = compiled;
  return { serviceId, concurrencyLevel, loadBalancing, maxQueueLength };
}

export function outgoingRequest(
  head: RequestHead,
  facts: RequestFacts,
  service: ResolvedService,
  { authorization, product }: Pick<ForwarderParts, 'authorization' | 'product'>,
): OutgoingRequest {
  return {
    headers: head.headers,
    chunked: head.headers['transfer-encoding'] !== undefined,
    cid: head.cid,
    clientProtocol: head.clientProtocol,
    product,
    authorization: authorization.of(service.serviceId),
    principal: facts.principal,
  };
}

/** Takes an admitted request to an instance: reserve, send, relay, release; again where that is safe. */
export class Forwarder {
  constructor(private readonly parts: ForwarderParts) {}

  /** @throws WaiterError when nothing was sent to the client */
  async forward(exchange: Exchange, service: ResolvedService): Promise<void> {
    const { head, facts } = exchange;
    const { options } = this.parts;
    const protocol = protocolOf(service.compiled.backendProto);
    const hasBody = mayHaveBody(head);
    const tried = new Set<string>();
    let retriesLeft = options.retryOnConnectFailure ? MAX_RETRIES : 0;
    let slot = await this.reserve(exchange, service, tried);
    let resent: Failure | null = null;
    for (;;) {
      facts.slot = slot;
      const sent = await this.send(exchange, service, slot, protocol, resent !== null);
      const outcome: Outcome = afterResend(resent, sent);
      const again =
        outcome.kind === 'failed' && !exchange.over ? retryOf(outcome, head.method, hasBody) : 'no';
      if (again === 'same' && resent === null && outcome.kind === 'failed') {
        resent = outcome;
        continue;
      }
      slot.release(releaseOutcome(outcome));
      if (again !== 'other' || retriesLeft === 0) return this.conclude(exchange, service, slot, outcome);
      retriesLeft -= 1;
      tried.add(slot.instanceId);
      slot = await this.reserve(exchange, service, tried);
    }
  }

  private async reserve(exchange: Exchange, service: ResolvedService, exclude: Set<string>): Promise<Slot> {
    const { head, facts } = exchange;
    const waitedMs = exclude.size === 0 ? 0 : Date.now() - head.arrivedAtMs;
    const queueTimeoutMs = facts.timeouts?.queueTimeoutMs ?? this.parts.options.timeouts.queueTimeoutMs;
    const options: ReserveOptions = {
      queueTimeoutMs: Math.max(1, queueTimeoutMs - waitedMs),
      arrivedAtMs: head.arrivedAtMs,
      onAbort: (listener) => exchange.onAbort(listener),
      exclude,
    };
    const slot = await this.parts.reservations.reserve(reservable(service), options);
    if (!exchange.response.destroyed) return slot;
    slot.release('client-error');
    throw new WaiterError('Connection eagerly closed by client', {
      status: 400,
      errorCause: 'client-eagerly-closed',
    });
  }

  private send(
    exchange: Exchange,
    service: ResolvedService,
    slot: Slot,
    protocol: 'http:' | 'https:',
    fresh: boolean,
  ): Promise<Outcome> {
    const { proxy, agents, options } = this.parts;
    const { head, facts } = exchange;
    const { socketTimeoutMs, streamingTimeoutMs } = facts.timeouts ?? options.timeouts;
    return proxy.send({
      exchange,
      target: { protocol, host: slot.host, port: slot.port },
      agent: agents.pick(protocol, fresh),
      headers: requestHeaders(outgoingRequest(head, facts, service, this.parts)),
      connectTimeoutMs: options.timeouts.connectTimeoutMs,
      socketTimeoutMs,
      streamingTimeoutMs,
      onHead: (reply) => this.writeHead(exchange, reply),
    });
  }

  private writeHead({ head, facts, response }: Exchange, reply: IncomingMessage): void {
    const { product, options, onHead } = this.parts;
    const headers = responseHeaders(reply.rawHeaders, reply.httpVersion, {
      cid: head.cid,
      product,
      debug: debugHeaders(head, facts, options.routerId),
    });
    const status = reply.statusCode ?? 502;
    response.writeHead(status, reply.statusMessage ?? '', headers as string[]);
    onHead(head, facts, status, headers);
  }

  private async conclude(
    exchange: Exchange,
    service: ResolvedService,
    slot: Slot,
    outcome: Outcome,
  ): Promise<void> {
    if (outcome.kind === 'failed') throw failureError(outcome, failureDetails(service, slot, outcome));
    const { request } = exchange;
    if (outcome.kind !== 'complete' || request.complete) return;
    // The instance answered before it had read everything, and reads no more.
    const { drainBytes, drainMs } = this.parts.options.limits;
    if (!(await drainBody(request, drainBytes, drainMs))) request.socket.destroySoon();
  }
}

function mayHaveBody({ headers }: RequestHead): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

export function failureDetails(
  service: ResolvedService,
  slot: Slot,
  { error }: Failure,
): Record<string, Json> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    'service-id': service.serviceId,
    'instance-id': slot.instanceId,
    'backend-error': code ?? error.message,
  };
}
