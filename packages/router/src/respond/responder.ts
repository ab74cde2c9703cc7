import { STATUS_CODES, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { renderError, WaiterError, type SupportInfo } from '@waiter/core';
import { rawResponse, type Exchange, type RequestFacts, type RequestHead } from '../accept';
import { viaOf } from '../via';
import type { Answer } from './answer';
import { wayHeaders, type WayOptions } from './debug-headers';
import { drainBody } from './drain-body';

export interface ResponderOptions extends WayOptions {
  readonly product: string;
  readonly drainBytes: number;
  readonly drainMs: number;
  readonly supportInfo: readonly SupportInfo[];
  /** Base URL of error images; null: errors have none. */
  readonly imagesUrl: string | null;
  /** Told of every head that is sent. */
  readonly onHead: (
    head: RequestHead,
    facts: RequestFacts,
    status: number,
    headers: OutgoingHttpHeaders,
  ) => void;
}

/** The one place where the router speaks for itself: answers and errors, on responses and on bare sockets. */
export class Responder {
  constructor(private readonly options: ResponderOptions) {}

  /** What an error looks like to this client (spec: request-path 6). */
  render(error: unknown, head: RequestHead, facts: RequestFacts): Answer {
    const { supportInfo, imagesUrl } = this.options;
    if (error instanceof WaiterError) facts.errorClass = error.errorClass ?? null;
    return renderError(error, {
      accept: head.headers['accept'],
      contentType: head.headers['content-type'],
      cid: head.cid,
      host: head.host,
      method: head.method,
      uri: head.path,
      queryString: head.queryString,
      timeMs: head.arrivedAtMs,
      principal: facts.principal,
      serviceId: facts.service?.serviceId ?? null,
      instanceId: facts.slot?.instanceId ?? null,
      token: facts.token,
      serviceOwner: facts.tokenOwner,
      supportInfo,
      imagesUrl: imagesUrl ?? undefined,
    });
  }

  /** Sends an answer; reads what is left of the request body first. Once a head is out, the connection breaks instead. */
  async send(exchange: Exchange, answer: Answer): Promise<void> {
    const { request, response, head, facts } = exchange;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // A client that waits for 100 Continue sends nothing: there is nothing to wait for.
    const { drainBytes, drainMs } = this.options;
    const read = !exchange.awaitsContinue && (await drainBody(request, drainBytes, drainMs));
    if (response.destroyed) return;
    if (!read && !request.complete) response.shouldKeepAlive = false;
    const empty = head.method === 'HEAD' || answer.status === 204 || answer.status === 304;
    const headers = this.announce(answer, head, facts);
    response.writeHead(answer.status, headers);
    response.end(empty ? undefined : answer.body);
  }

  /** Headers of an answer that is sent now. */
  announce(answer: Answer, head: RequestHead, facts: RequestFacts): Record<string, string | number> {
    const headers = {
      ...this.headers(answer, head, facts),
      'content-length': Buffer.byteLength(answer.body),
    };
    this.options.onHead(head, facts, answer.status, headers);
    return headers;
  }

  /** The same on a socket that was taken over for an upgrade. */
  sendRaw(socket: Duplex, answer: Answer, head: RequestHead, facts: RequestFacts): void {
    if (!socket.writable) return;
    const { status, body } = answer;
    const headers = this.headers(answer, head, facts);
    this.options.onHead(head, facts, status, headers);
    socket.end(rawResponse(status, STATUS_CODES[status] ?? 'Unknown', headers, body));
  }

  private headers(answer: Answer, head: RequestHead, facts: RequestFacts): Record<string, string> {
    const { product } = this.options;
    return {
      ...facts.corsHeaders,
      ...answer.headers,
      'x-cid': head.cid,
      server: product,
      via: viaOf(undefined, `HTTP/${head.message.httpVersion}`, product),
      ...wayHeaders(head, facts, this.options),
    };
  }
}
