import type { AsyncRequest } from '@waiter/store';
import { RequestHead } from '../accept';
import type { ForwarderParts } from '../forward';
import { servernameOf } from '../forward/agents';
import { Http1Request } from '../forward/http2/http1-request';
import { Http2Request } from '../forward/http2/http2-request';
import type { InstanceSide } from '../forward/http2/sides';
import { protocolOf } from '../forward/forwarder';
import { stateOf, StatusCheck, type AsyncState } from './status-check';

type LookParts = Pick<ForwarderParts, 'agents' | 'sessions' | 'authorization' | 'product' | 'options'>;

/** Asks an instance how far it is with a request, as the router itself (spec: request-path 7.2). */
export class InstanceLook {
  constructor(
    private readonly parts: LookParts,
    /** Writes a line of the request log. */
    private readonly onLook: (
      head: RequestHead,
      request: AsyncRequest,
      status: number,
      headers: readonly string[],
    ) => void,
  ) {}

  async at(request: AsyncRequest, timeoutMs: number): Promise<AsyncState> {
    const headers = this.headers(request);
    const head = new RequestHead({
      method: 'GET',
      url: request.location,
      httpVersion: '1.1',
      rawHeaders: Object.entries(headers).flat(),
      socket: {},
    });
    let end = await StatusCheck.of(this.instance(request, headers, false), timeoutMs);
    // A pooled connection that was dead says nothing of the instance.
    if (end.kind === 'stale') end = await StatusCheck.of(this.instance(request, headers, true), timeoutMs);
    if (end.kind !== 'answered') {
      this.onLook(head, request, 502, []);
      return 'failed';
    }
    const { status, rawHeaders } = end;
    this.onLook(head, request, status, rawHeaders);
    return stateOf(request, status, rawHeaders);
  }

  private headers({ host, cid, serviceId }: AsyncRequest): Record<string, string> {
    const { authorization, product, options } = this.parts;
    const { user } = options;
    return {
      host,
      'user-agent': product.replace('waiter/', 'waiter-async-status-check/'),
      'x-cid': `${cid}|status-check`,
      authorization: authorization.of(serviceId),
      'x-waiter-auth-principal': user,
      'x-waiter-authenticated-principal': user,
    };
  }

  private instance(
    { protocol: spoken, host, port, location }: AsyncRequest,
    headers: Record<string, string>,
    fresh: boolean,
  ): InstanceSide {
    const { agents, sessions, options } = this.parts;
    const protocol = protocolOf(spoken);
    if (spoken === 'h2' || spoken === 'h2c') {
      const { host: authority, ...rest } = headers;
      const fields = {
        ':method': 'GET',
        ':scheme': protocol.slice(0, -1),
        ':authority': authority ?? host,
        ':path': location,
        ...rest,
      };
      return new Http2Request({
        target: { protocol, host, port },
        pool: sessions,
        fresh,
        fields,
        hasBody: false,
      });
    }
    return new Http1Request({
      target: { protocol, host, port, servername: servernameOf(host) },
      agent: agents.pick(protocol, fresh),
      method: 'GET',
      path: location,
      headers,
      responseHeadBytes: options.limits.responseHeadBytes,
      sendsTrailers: false,
    });
  }
}
