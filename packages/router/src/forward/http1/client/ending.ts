import { rawRefusal, type Refusal } from '../../../accept/client-error';
import { newUniqueId } from '../../../accept/unique-id';
import type { LaneExchange } from '../exchange/lane-exchange';
import type { LaneParts } from '../lane-parts';
import type { ClientWire } from '../sockets/client-wire';
import type { RequestIntake } from './request-intake';
import type { State } from './state';

/** The connection that ends. */
export interface EndingOwner {
  state: State;
  since: number;
  readonly parts: LaneParts;
  readonly wire: ClientWire;
  readonly intake: RequestIntake;
  readonly exchange: LaneExchange | null;
  /** When the client ended its side; 0: not yet. */
  readonly endedAt: number;
  watch(): void;
}

/** Ends our side; what the client still sends is dropped, so that it can read what was said (RFC 9112 9.6). */
export function finish(owner: EndingOwner): void {
  const { wire } = owner;
  owner.state = 'closing';
  owner.since = performance.now();
  owner.intake.release();
  owner.watch();
  wire.resume();
  if (owner.endedAt > 0) wire.destroySoon();
  else wire.end();
}

/** Bytes that make no request: whatever follows them means nothing either (RFC 9112 2.2, 11). */
export function refuse(owner: EndingOwner, refusal: Refusal): void {
  const { exchange, wire } = owner;
  if (exchange?.reply.headSent === true) {
    owner.state = 'closing';
    wire.flush();
    wire.socket.destroy();
  } else {
    wire.write(rawRefusal(refusal, { server: owner.parts.product, 'x-cid': newUniqueId() }));
    finish(owner);
  }
  exchange?.onClientGone();
}

/** What is written is still sent, and then the client sees that something is missing. */
export function breakOff(owner: EndingOwner): void {
  owner.state = 'closing';
  owner.since = performance.now();
  owner.wire.destroySoon();
}
