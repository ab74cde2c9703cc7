import type { OutgoingHttpHeaders } from 'node:http2';
import type { ResolvedService } from '@waiter/core';
import { Exchange } from '../../accept';
import type { Slot } from '../../reserve';
import { relocated } from '../../async/reply-location';
import { servernameOf } from '../agents';
import type { Send } from '../attempts';
import { protocolOf, type ForwarderParts } from '../forwarder';
import { isBusy } from '../outcome';
import { outgoingRequest } from '../outgoing';
import { requestHeaders } from '../request-headers';
import { additionsTo, responseHeaders } from '../response-headers';
import { Bridge } from './bridge';
import { passedTrailers } from './fields';
import { grpcStatus, withGrpcStatus } from './grpc';
import { Http1Request } from './http1-request';
import { Http1Side } from './http1-side';
import { Http2Request } from './http2-request';
import type { ClientSide, InstanceSide, ReplyHead } from './sides';
import type { StreamExchange } from './stream-exchange';

/** Sends requests where the client, the instance or both speak HTTP/2. */
export class Crossing {
  constructor(private readonly parts: ForwarderParts) {}

  of(exchange: Exchange | StreamExchange, service: ResolvedService): Send {
    const client = exchange instanceof Exchange ? new Http1Side(exchange) : exchange;
    return (slot, fresh) => {
      const { options } = this.parts;
      const { socketTimeoutMs, streamingTimeoutMs } = client.facts.timeouts ?? options.timeouts;
      const contentType = client.head.headers['content-type'];
      let status: string | undefined;
      let busy = false;
      return Bridge.carry({
        client,
        instance: this.instance(client, service, slot, fresh),
        connectTimeoutMs: options.timeouts.connectTimeoutMs,
        socketTimeoutMs,
        streamingTimeoutMs,
        bodyLimit: client.facts.bodyLimit,
        onHead: (reply) => {
          status = grpcStatus(contentType, reply);
          busy = isBusy(reply.status, status);
          slot.answered(busy);
          // An error that gRPC says in the head is the whole of the response (spec: request-path 5.6).
          const ended = reply.ended || (status !== undefined && status !== '0');
          this.respond(client, { ...reply, ended });
          return !ended;
        },
        onTrailers: (trailers) => withGrpcStatus(passedTrailers(trailers), status),
        isBusy: () => busy,
      });
    };
  }

  private respond(client: ClientSide, reply: ReplyHead): void {
    const { head, facts } = client;
    const raw = relocated(this.parts.asyncRequests, head, facts, reply.status, reply.rawHeaders);
    const headers = responseHeaders(raw, reply.httpVersion, additionsTo(head, facts, this.parts));
    client.respond(reply, headers);
    this.parts.onHead(head, facts, reply.status, headers);
  }

  private instance(client: ClientSide, service: ResolvedService, slot: Slot, fresh: boolean): InstanceSide {
    const { agents, sessions, options } = this.parts;
    const { head, facts, hasBody } = client;
    const { backendProto } = service.compiled;
    const protocol = protocolOf(backendProto);
    const { host, port } = slot;
    const outgoing = outgoingRequest(head, facts, service, this.parts);
    if (backendProto === 'h2' || backendProto === 'h2c') {
      const headers = requestHeaders({ ...outgoing, chunked: false });
      const fields = http2Fields(client, { host: `${host}:${port}`, ...headers }, protocol);
      return new Http2Request({ target: { protocol, host, port }, pool: sessions, fresh, fields, hasBody });
    }
    // A body of HTTP/2 ends with its stream, whether or not its length was said before.
    const chunked = hasBody && head.headers['content-length'] === undefined;
    return new Http1Request({
      target: { protocol, host, port, servername: servernameOf(host) },
      agent: agents.pick(protocol, fresh),
      method: head.method,
      path: facts.target ?? head.target,
      headers: requestHeaders({ ...outgoing, chunked }),
      responseHeadBytes: options.limits.responseHeadBytes,
      sendsTrailers: false,
    });
  }
}

/** The head of a request of HTTP/2 (RFC 9113 8.3.1). */
function http2Fields(
  { head, facts }: ClientSide,
  { host, 'http2-settings': _, ...headers }: Record<string, string>,
  protocol: 'http:' | 'https:',
): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {
    ':method': head.method,
    ':scheme': protocol.slice(0, -1),
    ':authority': host,
    ':path': facts.target ?? head.target,
    ...headers,
  };
  // The one header about a connection that HTTP/2 knows, and gRPC insists on (spec: request-path 2.3), under any name.
  const isAnyGrpc = head.headers['content-type']?.startsWith('application/grpc') ?? false;
  if (isAnyGrpc && head.headers['te'] !== undefined) fields['te'] = 'trailers';
  return fields;
}
