import { requestTimeouts, WaiterError, type ResolvedService } from '@waiter/core';
import type { AsyncRequest, Store } from '@waiter/store';
import type { Exchange } from '../accept';
import type { Admission } from '../admission';
import type { Forwarder } from '../forward';
import type { StreamExchange } from '../forward/http2';
import type { RouterTimeouts } from '../options';
import type { Slot } from '../reserve';
import type { Answer } from '../respond';
import type { AsyncRequests } from './async-requests';
import type { AsyncAddress, AsyncUrls, ParsedAsyncUrl } from './async-url';
import { sameServerLocation, valueOf } from './location';
import { baseOf } from './status-check';

export interface AsyncEndpointsParts {
  readonly urls: AsyncUrls;
  readonly store: Pick<Store, 'instances'>;
  readonly admission: Admission;
  readonly forwarder: Forwarder;
  readonly asyncRequests: AsyncRequests;
  readonly timeouts: RouterTimeouts;
  readonly onRequest: (serviceId: string, kind: ParsedAsyncUrl['kind']) => void;
}

const refusal = (message: string, status: number): WaiterError =>
  new WaiterError(message, { status, errorCause: 'client-error' });

/**
 * `/waiter-async/status/...` and `/waiter-async/result/...`: what clients ask of an async request goes to its instance, from
 * any router (spec: request-path 7.3, 7.4).
 */
export class AsyncEndpoints {
  constructor(private readonly parts: AsyncEndpointsParts) {}

  /** @returns null when the request is for somebody else; else what it is answered by the router itself, if by anything */
  serve(exchange: Exchange | StreamExchange): Promise<Answer | null> | null {
    const url = this.parts.urls.read(exchange.head.path);
    return url === null ? null : this.forward(exchange, url);
  }

  /** @throws WaiterError when nothing was sent to the client */
  private async forward(
    exchange: Exchange | StreamExchange,
    url: ParsedAsyncUrl | 'malformed' | 'forged',
  ): Promise<Answer | null> {
    if (url === 'malformed') {
      throw refusal('Missing host, location, port, request-id, router-id or service-id in the request', 400);
    }
    const { head, facts } = exchange;
    const { admission, timeouts } = this.parts;
    if (url === 'forged') throw refusal('This is no address that Waiter gave out', 403);
    const { address, kind } = url;
    const service = await admission.ofService(head, facts, address.serviceId);
    if ('status' in service) return service;
    facts.timeouts = requestTimeouts(head.headers, {}, timeouts);
    this.parts.onRequest(address.serviceId, kind);
    facts.target = head.queryString === null ? url.path : `${url.path}?${head.queryString}`;
    await this.refuseIfGone(address);
    if (kind === 'status') await this.status(exchange, service, address);
    else await this.result(exchange, service, address);
    return null;
  }

  private async status(
    exchange: Exchange | StreamExchange,
    service: ResolvedService,
    address: AsyncAddress,
  ): Promise<void> {
    const { head, facts } = exchange;
    const { asyncRequests, urls } = this.parts;
    let isOver = false;
    facts.relocate = (status, raw) => {
      const base = baseOf({ ...this.addressOf(address, service), location: facts.target ?? head.target });
      const location = status === 303 ? sameServerLocation(base, valueOf(raw, 'location')) : null;
      if (head.method === 'DELETE') isOver = status === 200 || status === 204;
      else if (head.method === 'GET') isOver = status === 410 || (status === 303 && location === null);
      return location === null || head.method !== 'GET' ? null : urls.write('result', address, location);
    };
    await this.send(exchange, service, address);
    if (isOver) asyncRequests.finish(address.serviceId, address.requestId);
  }

  private async result(
    exchange: Exchange | StreamExchange,
    service: ResolvedService,
    address: AsyncAddress,
  ): Promise<void> {
    // As the instance says, whatever it is.
    exchange.facts.relocate = () => null;
    try {
      await this.send(exchange, service, address);
    } finally {
      this.parts.asyncRequests.finish(address.serviceId, address.requestId);
    }
  }

  private send(
    exchange: Exchange | StreamExchange,
    service: ResolvedService,
    address: AsyncAddress,
  ): Promise<void> {
    const spoken = this.addressOf(address, service).protocol;
    const { compiled } = service;
    const meant =
      spoken === compiled.backendProto
        ? service
        : { ...service, compiled: { ...compiled, backendProto: spoken } };
    return this.parts.forwarder.forwardTo(exchange, meant, new FixedSlot(address));
  }

  private addressOf(
    { host, port, protocol }: AsyncAddress,
    { compiled }: ResolvedService,
  ): Pick<AsyncRequest, 'host' | 'port' | 'protocol'> {
    return { host, port, protocol: protocol ?? compiled.backendProto };
  }

  /** Where an instance was, another service may be by now, which is not to get this one's password. */
  private async refuseIfGone({ serviceId, requestId, host, port }: AsyncAddress): Promise<void> {
    const snapshot = await this.parts.store.instances.get(serviceId).catch(() => null);
    if (snapshot === null || snapshot.instances.some((one) => one.host === host && one.port === port)) return;
    this.parts.asyncRequests.finish(serviceId, requestId);
    throw refusal('The instance that worked on this request is gone', 410);
  }
}

/** The address of a status, which takes no slot: the request that it tells of has one. */
class FixedSlot implements Slot {
  readonly instanceId = '-';
  readonly host: string;
  readonly port: number;
  readonly waitedMs = 0;
  readonly draining = false;
  readonly isProbe = false;
  readonly startedAtMs = 0;

  constructor({ host, port }: AsyncAddress) {
    this.host = host;
    this.port = port;
  }

  touch(): void {}
  answered(): void {}
  entrust(): Promise<void> {
    return Promise.resolve();
  }
  release(): void {}
}
