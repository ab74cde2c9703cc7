import type { IncomingMessage } from 'node:http';
import { WaiterError, type ResolvedService } from '@waiter/core';
import { Exchange, type RequestFacts, type RequestHead } from '../accept';
import type { AsyncRequests } from '../async';
import { relocated } from '../async/reply-location';
import type { RouterOptions } from '../options';
import type { Reservations, Slot } from '../reserve';
import { drainBody } from '../respond';
import type { Agents } from './agents';
import { attempt, type AttemptParts } from './attempts';
import { Crossing } from './http2/crossing';
import type { StreamExchange } from './http2/stream-exchange';
import type { SessionPool } from './http2/session-pool';
import { failureError, isBusy, type Outcome } from './outcome';
import { failureDetails, mayHaveBody, outgoingRequest } from './outgoing';
import type { Proxy } from './proxy';
import { requestHeaders } from './request-headers';
import { additionsTo, responseHeaders } from './response-headers';
import type { ServiceAuthorization } from './service-password';

export { failureDetails, outgoingRequest, reservable } from './outgoing';

export interface ForwarderParts {
  readonly proxy: Proxy;
  readonly agents: Agents;
  readonly sessions: SessionPool;
  readonly reservations: Reservations;
  readonly asyncRequests: AsyncRequests;
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

/** Whether an instance speaks TLS. @throws WaiterError 500 for what is no protocol */
export function protocolOf(backendProto: string): 'http:' | 'https:' {
  if (backendProto === 'http' || backendProto === 'h2c') return 'http:';
  if (backendProto === 'https' || backendProto === 'h2') return 'https:';
  throw new WaiterError(`Unsupported backend-proto: ${backendProto}`, {
    status: 500,
    errorCause: 'generic-error',
  });
}

/** Takes an admitted request to an instance: reserve, send, relay, release; again where that is safe. */
export class Forwarder {
  private readonly crossing: Crossing;

  constructor(private readonly parts: ForwarderParts) {
    this.crossing = new Crossing(parts);
  }

  /** @throws WaiterError when nothing was sent to the client */
  forward(exchange: Exchange | StreamExchange, service: ResolvedService): Promise<void> {
    return this.over(this.parts, exchange, service);
  }

  /** The same to one address, whose slot is somebody else's. */
  forwardTo(exchange: Exchange | StreamExchange, service: ResolvedService, slot: Slot): Promise<void> {
    const reservations = { reserve: () => Promise.resolve(slot), hasOther: () => false };
    return this.over({ ...this.parts, reservations }, exchange, service);
  }

  private async over(
    parts: AttemptParts,
    exchange: Exchange | StreamExchange,
    service: ResolvedService,
  ): Promise<void> {
    const { backendProto } = service.compiled;
    const protocol = protocolOf(backendProto);
    const plain = exchange instanceof Exchange && (backendProto === 'http' || backendProto === 'https');
    const hasBody = exchange instanceof Exchange ? mayHaveBody(exchange.head) : exchange.hasBody;
    const send = plain
      ? (slot: Slot, fresh: boolean) => this.send(exchange, service, slot, protocol, fresh)
      : this.crossing.of(exchange, service);
    const { slot, outcome } = await attempt(parts, exchange, service, hasBody, send);
    if (outcome.kind === 'failed') throw failureError(outcome, failureDetails(service, slot, outcome));
    if (exchange instanceof Exchange) await this.conclude(exchange, outcome);
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
      bodyLimit: facts.bodyLimit,
      onHead: (reply) => {
        slot.answered(isBusy(reply.statusCode));
        this.writeHead(exchange, reply);
      },
    });
  }

  private writeHead({ head, facts, response }: Exchange, reply: IncomingMessage): void {
    const { onHead, asyncRequests } = this.parts;
    const status = reply.statusCode ?? 502;
    const raw = relocated(asyncRequests, head, facts, status, reply.rawHeaders);
    const headers = responseHeaders(raw, reply.httpVersion, additionsTo(head, facts, this.parts));
    response.writeHead(status, reply.statusMessage ?? '', headers as string[]);
    onHead(head, facts, status, headers);
  }

  /** Where the instance answered before it had read everything, and reads no more. */
  private async conclude({ request }: Exchange, outcome: Outcome): Promise<void> {
    if (outcome.kind !== 'complete' || request.complete) return;
    const { drainBytes, drainMs } = this.parts.options.limits;
    if (!(await drainBody(request, drainBytes, drainMs))) request.socket.destroySoon();
  }
}
