import type { RequestFacts, RequestHead } from '../accept';
import { releaseOutcome, type Outcome } from '../forward/outcome';
import type { Slot } from '../reserve';
import type { AsyncRequests } from './async-requests';

/**
 * The headers of a response with the `location` that its client is told, where that differs from what the instance said: where
 * to ask for the state of an async request (spec: request-path 7.1).
 * @param raw names and values in turn; the same list is returned where nothing changes
 */
export function relocated(
  asyncRequests: AsyncRequests,
  head: RequestHead,
  facts: RequestFacts,
  status: number,
  raw: readonly string[],
): readonly string[] {
  if (status !== 202 && facts.relocate === null) return raw;
  const location = locationFor(asyncRequests, head, facts, status, raw);
  if (location === null) return raw;
  return raw.map((text, i) => (i % 2 === 1 && raw[i - 1]?.toLowerCase() === 'location' ? location : text));
}

function locationFor(
  asyncRequests: AsyncRequests,
  head: RequestHead,
  facts: RequestFacts,
  status: number,
  raw: readonly string[],
): string | null {
  if (facts.relocate !== null) return facts.relocate(status, raw);
  if (facts.service === null || facts.slot === null) return null;
  const begun = asyncRequests.accepted(head, facts.service, facts.slot, raw);
  if (begun === null) return null;
  facts.accepted = begun.request;
  return begun.location;
}

/** The exchange with the instance is over: its slot goes back, or stays with what the instance goes on with. */
export function releaseSlot(
  asyncRequests: AsyncRequests,
  facts: RequestFacts,
  slot: Slot,
  outcome: Outcome,
): void {
  const { accepted } = facts;
  const broken = outcome.kind === 'failed' || (outcome.kind === 'truncated' && outcome.by === 'instance');
  if (accepted === null || broken) return slot.release(releaseOutcome(outcome));
  facts.accepted = null;
  asyncRequests.begin(accepted, slot);
}
