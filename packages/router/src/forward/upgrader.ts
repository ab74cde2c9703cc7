import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ResolvedService } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import { debugHeaders, type Responder } from '../respond';
import type { ReleaseOutcome, Slot } from '../reserve';
import { outgoingRequest, protocolOf, reservable, type ForwarderParts } from './forwarder';
import { failureError } from './outcome';
import { upgradeHeaders } from './request-headers';
import { responseHeaders } from './response-headers';
import { StallTimer } from './stall-timer';

/** After the client's end: time for what the instance still has to say. */
const LAST_BYTES_MS = 1_000;

/** A WebSocket handshake on the client's bare socket. */
export interface Upgrade {
  readonly head: RequestHead<IncomingMessage>;
  readonly facts: RequestFacts;
  readonly socket: Duplex;
  /** Bytes that came after the handshake. */
  readonly rest: Buffer;
}

/** Takes an admitted WebSocket to an instance, which holds a slot as long as the connection lives. */
export class Upgrader {
  constructor(
    private readonly parts: ForwarderParts,
    private readonly responder: Responder,
  ) {}

  /** @throws WaiterError when no instance was found */
  async forward(upgrade: Upgrade, service: ResolvedService): Promise<void> {
    const { head, facts, socket } = upgrade;
    const { options, reservations } = this.parts;
    const protocol = protocolOf(service.compiled.backendProto);
    const slot = await reservations.reserve(reservable(service), {
      queueTimeoutMs: facts.timeouts?.queueTimeoutMs ?? options.timeouts.queueTimeoutMs,
      arrivedAtMs: head.arrivedAtMs,
      onAbort: (listener) => {
        if (socket.destroyed) listener();
        else socket.once('close', listener).once('end', listener);
      },
    });
    facts.slot = slot;
    if (socket.destroyed) {
      slot.release('client-error');
      return;
    }
    await new Promise<void>((resolve) => {
      this.connect(upgrade, service, slot, protocol, (outcome) => {
        slot.release(outcome);
        resolve();
      });
    });
  }

  private connect(
    { head, facts, socket, rest }: Upgrade,
    service: ResolvedService,
    slot: Slot,
    protocol: 'http:' | 'https:',
    over: (outcome: ReleaseOutcome) => void,
  ): void {
    const { proxy, options } = this.parts;
    const { connectTimeoutMs, socketTimeoutMs } = { ...options.timeouts, ...facts.timeouts };
    let connected = false;
    let answered = false;
    const sent = outgoingRequest(head, facts, service, this.parts);
    proxy.upgrade({
      request: head.message,
      socket,
      head: rest,
      target: { protocol, host: slot.host, port: slot.port },
      rawTarget: head.target,
      headers: upgradeHeaders(sent, `${slot.host}:${slot.port}`),
      onRequest: (outgoing) => {
        const timer = new StallTimer(connectTimeoutMs, () => outgoing.destroy(new Error('connect timeout')));
        timer.wait();
        outgoing.once('socket', (instanceSocket) => {
          instanceSocket.once('connect', () => {
            connected = true;
            timer.proceed();
          });
        });
        outgoing.setTimeout(socketTimeoutMs, () => outgoing.destroy(new Error('idle timeout')));
        outgoing.once('close', () => {
          timer.proceed();
          if (!answered) over('instance-error');
        });
        outgoing.once('response', (reply) => {
          answered = true;
          this.rewrite(head, facts, reply, { connection: 'close' });
          reply.once('close', () => over('client-error'));
        });
        outgoing.once('upgrade', (reply, instanceSocket) => {
          answered = true;
          this.rewrite(head, facts, reply, { connection: 'Upgrade', upgrade: 'websocket' });
          instanceSocket.once('close', () => over('success'));
          closeTogether(socket, instanceSocket);
        });
        socket.once('close', () => {
          if (!answered) outgoing.destroy();
        });
      },
      onError: (error) => {
        if (answered) return;
        answered = true;
        const reason = connected ? 'broken' : 'connect';
        const failure = { kind: 'failed', reason, stale: false, bodySent: false, error } as const;
        this.responder.sendRaw(
          socket,
          this.responder.render(failureError(failure, { 'service-id': service.serviceId }), head, facts),
          head,
          facts,
        );
        over('instance-error');
      },
    });
  }

  /** http-proxy writes the reply's head from its `headers`. */
  private rewrite(
    head: RequestHead,
    facts: RequestFacts,
    reply: IncomingMessage,
    added: Readonly<Record<string, string>>,
  ): void {
    const { product, options, onHead } = this.parts;
    const flat = responseHeaders(reply.rawHeaders, reply.httpVersion, {
      cid: head.cid,
      product,
      debug: debugHeaders(head, facts, options.routerId),
    });
    const headers: Record<string, string | string[]> = { ...added };
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const name = flat[i] ?? '';
      const value = flat[i + 1] ?? '';
      const before = headers[name];
      headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    }
    reply.headers = headers as IncomingMessage['headers'];
    onHead(head, facts, reply.statusCode ?? 0, flat);
  }
}

/** WebSockets know no half-closed connections: an instance that does not follow its client is cut off. */
function closeTogether(client: Duplex, instance: Duplex): void {
  client.once('end', () => {
    const timer = setTimeout(() => instance.destroy(), LAST_BYTES_MS);
    instance.once('close', () => clearTimeout(timer));
    instance.end();
  });
  client.once('close', () => instance.destroy());
}
