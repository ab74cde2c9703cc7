import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ResolvedService } from '@waiter/core';
import { rawHead, type RequestFacts, type RequestHead } from '../../accept';
import type { Slot } from '../../reserve';
import type { WorkerMetrics } from '../../worker-metrics';
import { attempt } from '../attempts';
import type { Client } from '../client';
import { protocolOf, type ForwarderParts } from '../forwarder';
import { failureError, isBusy, type Outcome } from '../outcome';
import { failureDetails, outgoingRequest } from '../outgoing';
import { upgradeHeaders } from '../request-headers';
import { additionsTo, responseHeaders } from '../response-headers';
import { EarlyBytes } from './early-bytes';
import { shakeHands, type HandshakeEnd } from './handshake';
import { OpenWebSockets } from './open-websockets';
import { WebSocketRelay } from './relay';

/** A WebSocket handshake on the client's bare socket. */
export interface Upgrade {
  readonly head: RequestHead<IncomingMessage>;
  readonly facts: RequestFacts;
  readonly socket: Duplex;
  /** Bytes that came after the handshake. */
  readonly rest: Buffer;
}

export type UpgraderParts = Omit<ForwarderParts, 'proxy'> & { readonly metrics: WorkerMetrics };

/**
 * Takes an admitted WebSocket to an instance, where it holds a slot as long as the connection lives. The client gets its 101
 * only from the instance, so that every refusal before is an ordinary response.
 */
export class Upgrader {
  readonly open: OpenWebSockets;

  constructor(private readonly parts: UpgraderParts) {
    this.open = new OpenWebSockets(parts.options.timeouts.drainTimeoutMs);
  }

  /**
   * @returns when the exchange with the instance is over
   * @throws WaiterError when nothing was sent to the client
   */
  async forward(upgrade: Upgrade, service: ResolvedService): Promise<void> {
    const early = new EarlyBytes(upgrade.socket, upgrade.rest);
    const client = new UpgradeClient(upgrade);
    const send = async (slot: Slot): Promise<Outcome> => {
      const sentAt = performance.now();
      const end = await this.shakeHands(upgrade, client, service, slot);
      upgrade.facts.backendResponseMs = performance.now() - sentAt;
      if (end.kind === 'open') slot.answered(false);
      if (end.kind === 'answered') slot.answered(isBusy(end.reply.statusCode));
      if (end.kind === 'open') return this.relay(upgrade, service, slot, end, early.stop());
      if (end.kind === 'answered') return this.answer(upgrade, end.reply);
      return client.gone ? { kind: 'client-gone' } : { ...end, stale: false, bodySent: false };
    };
    const { slot, outcome } = await attempt(this.parts, client, service, false, send);
    if (outcome.kind === 'failed') throw failureError(outcome, failureDetails(service, slot, outcome));
  }

  private shakeHands(
    { head, facts }: Upgrade,
    client: Client,
    service: ResolvedService,
    slot: Slot,
  ): Promise<HandshakeEnd> {
    const { options, agents } = this.parts;
    const { connectTimeoutMs, socketTimeoutMs } = { ...options.timeouts, ...facts.timeouts };
    const outgoing = outgoingRequest(head, facts, service, this.parts);
    return shakeHands({
      // `ws` and `wss` go with what the service speaks otherwise (spec: request-path 5.5).
      protocol: protocolOf(service.compiled.backendProto),
      host: slot.host,
      port: slot.port,
      target: head.target,
      headers: upgradeHeaders(outgoing, `${slot.host}:${slot.port}`),
      agents,
      maxHeaderSize: options.limits.responseHeadBytes,
      connectTimeoutMs,
      socketTimeoutMs,
      onAbort: (listener) => client.onAbort(listener),
    });
  }

  private relay(
    upgrade: Upgrade,
    service: ResolvedService,
    slot: Slot,
    { reply, socket: instance, rest }: HandshakeEnd & { readonly kind: 'open' },
    early: Buffer,
  ): Promise<Outcome> {
    const { options, metrics, product } = this.parts;
    const { socket: client, facts } = upgrade;
    const { socketTimeoutMs, streamingTimeoutMs } = facts.timeouts ?? options.timeouts;
    const { idleTimeoutMs, maxAgeMs, maxMessageBytes } = options.webSockets;
    const series = metrics.of(service.serviceId);
    series.webSockets.inc();
    return new Promise((resolve) => {
      const relay = new WebSocketRelay({
        client,
        instance,
        maxMessageBytes,
        idleMs: Math.min(idleTimeoutMs, socketTimeoutMs),
        stallMs: streamingTimeoutMs,
        onOver: ({ outcome, code }) => {
          series.webSockets.dec();
          series.webSocketClose(code).inc();
          resolve(outcome);
        },
      });
      this.open.add(relay, slot, maxAgeMs);
      const raw = reply.rawHeaders.filter((_, i, all) => !/^server$/i.test(all[i - (i % 2)] ?? ''));
      const added = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'server', product];
      this.writeHead(upgrade, reply, raw, added);
      relay.start(early, rest);
    });
  }

  /** The instance wants no WebSocket, or refuses this one: the client sees what it says, and the connection ends. */
  private answer(upgrade: Upgrade, reply: IncomingMessage): Promise<Outcome> {
    const { facts, socket } = upgrade;
    const { streamingTimeoutMs } = facts.timeouts ?? this.parts.options.timeouts;
    this.writeHead(upgrade, reply, reply.rawHeaders, ['connection', 'close']);
    return new Promise((resolve) => {
      const timer = setTimeout(() => reply.destroy(), streamingTimeoutMs);
      reply.on('error', () => undefined);
      reply.once('close', () => {
        clearTimeout(timer);
        // A refused handshake tells of the client (spec: request-path 6.5).
        const byInstance = !reply.complete && !socket.destroyed;
        if (reply.complete) socket.end();
        else socket.destroy();
        resolve({ kind: 'truncated', by: byInstance ? 'instance' : 'client' });
      });
      socket.once('close', () => reply.destroy());
      reply.pipe(socket, { end: false });
    });
  }

  private writeHead(
    { head, facts, socket }: Upgrade,
    reply: IncomingMessage,
    raw: readonly string[],
    added: readonly string[],
  ): void {
    const status = reply.statusCode ?? 502;
    const additions = additionsTo(head, facts, this.parts);
    const headers = [...added, ...responseHeaders(raw, reply.httpVersion, additions)];
    socket.write(rawHead(status, reply.statusMessage ?? '', headers), 'latin1');
    this.parts.onHead(head, facts, status, headers);
  }
}

/** Until the relay begins, the end of the client's side means that it has left. */
class UpgradeClient implements Client {
  readonly head: RequestHead;
  readonly facts: RequestFacts;
  private readonly socket: Duplex;

  constructor({ head, facts, socket }: Upgrade) {
    this.head = head;
    this.facts = facts;
    this.socket = socket;
  }

  get gone(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  get over(): boolean {
    return this.gone;
  }

  onAbort(listener: () => void): void {
    if (this.gone) listener();
    else this.socket.once('close', listener).once('end', listener);
  }
}
