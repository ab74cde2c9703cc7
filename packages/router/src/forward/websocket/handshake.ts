import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { servernameOf, type Agents } from '../agents';
import type { FailureReason } from '../outcome';
import { StallTimer } from '../stall-timer';

export interface Handshake {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Request target, byte for byte. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agents: Agents;
  readonly maxHeaderSize: number;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs: number;
  /** Registers what is to happen when the client hangs up. */
  onAbort(listener: () => void): void;
}

export type HandshakeEnd =
  | { readonly kind: 'open'; readonly reply: IncomingMessage; readonly socket: Duplex; readonly rest: Buffer }
  /** The instance answered as to any other request. */
  | { readonly kind: 'answered'; readonly reply: IncomingMessage }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly error: Error };

/** Asks an instance to open a WebSocket (RFC 6455 4.1), on a connection of its own. Never rejects. */
export function shakeHands(handshake: Handshake): Promise<HandshakeEnd> {
  const { protocol, host, port, target, agents, maxHeaderSize } = handshake;
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const fail = (reason: FailureReason, error: Error): void => resolve({ kind: 'failed', reason, error });
    let reason: FailureReason = 'connect';
    try {
      const outgoing = send({
        host,
        port,
        headers: handshake.headers,
        setHost: false,
        agent: agents.pick(protocol, true),
        maxHeaderSize,
        ...(protocol === 'https:' ? { servername: servernameOf(host) } : {}),
      });
      // Node would refuse characters in it that are the instance's business.
      outgoing.path = target;
      const give = (why: FailureReason, words: string) => () => {
        reason = why;
        outgoing.destroy(new Error(words));
      };
      const connecting = new StallTimer(handshake.connectTimeoutMs, give('connect', 'connect timeout'));
      connecting.wait();
      outgoing.setTimeout(handshake.socketTimeoutMs, give('idle', 'idle timeout'));
      outgoing.once('socket', (socket) =>
        socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          reason = 'broken';
          connecting.proceed();
        }),
      );
      outgoing.once('upgrade', (reply: IncomingMessage, socket, rest: Buffer) => {
        socket.setTimeout(0);
        resolve({ kind: 'open', reply, socket, rest });
      });
      outgoing.once('response', (reply) => resolve({ kind: 'answered', reply }));
      outgoing.on('error', (error) => fail(reason, error));
      outgoing.once('close', () => {
        connecting.proceed();
        fail(reason, new Error('connection closed'));
      });
      handshake.onAbort(() => outgoing.destroy());
      outgoing.end();
    } catch (error) {
      fail('unsendable', error as Error);
    }
  });
}
