import { WaiterError, type ResolvedService } from '@waiter/core';
import type { Reservations, ReserveOptions, Slot } from '../reserve';
import type { RouterOptions } from '../options';
import type { AsyncRequests } from '../async';
import { releaseSlot } from '../async/reply-location';
import type { Client } from './client';
import { afterResend, retryOf, type Failure, type Outcome } from './outcome';
import { reservable } from './outgoing';
import { Retries } from './retries';

export interface AttemptParts {
  readonly reservations: Pick<Reservations, 'reserve' | 'hasOther'>;
  readonly asyncRequests: AsyncRequests;
  readonly options: RouterOptions;
}

/** @param fresh on a connection that nobody used before */
export type Send = (slot: Slot, fresh: boolean) => Promise<Outcome>;

/**
 * Reserve, send, release; again where that is safe (DESIGN section 6, Retry). The slot is given back when the exchange
 * with its instance is over.
 * @throws WaiterError when no slot was found
 */
export async function attempt(
  parts: AttemptParts,
  client: Client,
  service: ResolvedService,
  hasBody: boolean,
  send: Send,
): Promise<{ slot: Slot; outcome: Outcome }> {
  const { head, facts } = client;
  const retries = new Retries(parts.reservations);
  let slot = await reserve(parts, client, service, null);
  let resent: Failure | null = null;
  for (;;) {
    facts.slot = slot;
    const outcome: Outcome = afterResend(resent, await send(slot, resent !== null));
    const again = outcome.kind === 'failed' && !client.over ? retryOf(outcome, head.method, hasBody) : 'no';
    if (again === 'same' && resent === null && outcome.kind === 'failed') {
      resent = outcome;
      continue;
    }
    releaseSlot(parts.asyncRequests, facts, slot, outcome);
    if (again !== 'other' || !parts.options.retryOnConnectFailure) return { slot, outcome };
    if (!retries.isHope(reservable(service), slot)) return { slot, outcome };
    slot = await reserve(parts, client, service, retries);
  }
}

async function reserve(
  { reservations, options }: AttemptParts,
  client: Client,
  service: ResolvedService,
  retries: Retries | null,
): Promise<Slot> {
  const { head, facts } = client;
  const waitedMs = retries === null ? 0 : Date.now() - head.arrivedAtMs;
  const queueTimeoutMs = facts.timeouts?.queueTimeoutMs ?? options.timeouts.queueTimeoutMs;
  const wanted = reservable(service);
  const terms: ReserveOptions = {
    queueTimeoutMs: Math.max(1, queueTimeoutMs - waitedMs),
    arrivedAtMs: head.arrivedAtMs,
    prioritised: wanted.prioritised ?? false,
    onAbort: (listener) => client.onAbort(listener),
    ...(retries === null ? {} : { exclude: retries.tried }),
  };
  const slot = await reservations.reserve(wanted, terms);
  if (!client.gone) return slot;
  slot.release('client-error');
  throw new WaiterError('Connection eagerly closed by client', {
    status: 400,
    errorCause: 'client-eagerly-closed',
  });
}
