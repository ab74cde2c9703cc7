import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { grpcRefusal, isGrpc, WaiterError } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import { checkHead, Exchange, newFacts, RequestHead, type AcceptHandlers, type RequestFacts } from './accept';
import type { Admission } from './admission';
import type { AsyncEndpoints } from './async';
import type { ApiHop, Forwarder, Upgrader } from './forward';
import type { StreamExchange } from './forward/http2';
import type { Answer, Responder } from './respond';
import type { WorkerMetrics } from './worker-metrics';

export interface PipelineParts {
  readonly admission: Admission;
  readonly forwarder: Forwarder;
  readonly upgrader: Upgrader;
  readonly apiHop: ApiHop;
  readonly asyncEndpoints: AsyncEndpoints;
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
    const fault = checkHead(request);
    // What follows on this connection cannot be told apart from this request.
    if (fault !== null) response.shouldKeepAlive = false;
    this.serve(exchange, fault).catch((error: unknown) => this.fail(exchange, error));
  }

  /** A request of HTTP/2. */
  stream(exchange: StreamExchange): void {
    this.serve(exchange, exchange.fault).catch((error: unknown) => this.fail(exchange, error));
  }

  private async serve(exchange: Exchange | StreamExchange, fault: WaiterError | null): Promise<void> {
    if (fault !== null) throw fault;
    const { head, facts } = exchange;
    const { admission } = this.parts;
    if (admission.isForApi(head)) {
      facts.forApi = true;
      const { asyncEndpoints, apiHop } = this.parts;
      const answering = asyncEndpoints.serve(exchange);
      if (answering === null) return apiHop.forward(exchange);
      const answer = await answering;
      return answer === null ? undefined : this.send(exchange, answer);
    }
    const admitted = await admission.admitted(head, facts);
    if ('status' in admitted) return this.send(exchange, admitted);
    const { inFlight } = this.parts.metrics.of(admitted.serviceId);
    inFlight.inc();
    try {
      await this.parts.forwarder.forward(exchange, admitted);
    } finally {
      inFlight.dec();
    }
  }

  private async send(exchange: Exchange | StreamExchange, answer: Answer): Promise<void> {
    const { responder } = this.parts;
    if (exchange instanceof Exchange) return responder.send(exchange, answer);
    const { head, facts } = exchange;
    const said = forGrpc(answer, head);
    if (!exchange.over) exchange.answer(said.status, responder.announce(said, head, facts), said.body);
  }

  private async fail(exchange: Exchange | StreamExchange, error: unknown): Promise<void> {
    const { head, facts } = exchange;
    this.report(error, head);
    try {
      await this.send(exchange, this.parts.responder.render(error, head, facts));
    } catch (again) {
      this.report(again, head);
      exchange.giveUp();
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, rest: Buffer): void {
    const { responder } = this.parts;
    const head = new RequestHead(request, true);
    const facts = newFacts();
    this.serveUpgrade(head, facts, socket, rest).catch((error: unknown) => {
      this.report(error, head);
      responder.sendRaw(socket, responder.render(error, head, facts), head, facts);
    });
  }

  private async serveUpgrade(
    head: RequestHead<IncomingMessage>,
    facts: RequestFacts,
    socket: Duplex,
    rest: Buffer,
  ): Promise<void> {
    const fault = checkHead(head.message);
    if (fault !== null) throw fault;
    const { admission } = this.parts;
    const admitted = await admission.admitted(head, facts);
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

/** An answer that is no error, such as that of an authenticator, as a client of gRPC reads it (spec: request-path 5.6). */
function forGrpc(answer: Answer, { headers }: RequestHead): Answer {
  const { status } = answer;
  if (!isGrpc(headers['content-type']) || answer.headers['grpc-status'] !== undefined) return answer;
  const refusal = grpcRefusal(status);
  return refusal === null ? answer : { status, headers: { ...answer.headers, ...refusal }, body: '' };
}
