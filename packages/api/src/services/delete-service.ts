import { setTimeout as sleep } from 'node:timers/promises';
import { WaiterError } from '@waiter/core';
import type { ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';

export interface DeletionReply {
  readonly status: number;
  readonly success: boolean;
  readonly result: string;
  readonly message: string;
  readonly 'routers-agree'?: boolean;
}

const ANSWER_MS = 10_000;
const POLL_MS = 100;

/**
 * Asks the leading scaler to delete a service (spec: services-and-tokens 4.7.2).
 * @param agreeMs with a positive value, waits so long until no router knows the service any more
 * @throws WaiterError 503 when no scaler answers in time
 */
export async function deleteService(
  { store, queues, clock }: Pick<ApiDeps, 'store' | 'queues' | 'clock'>,
  id: ServiceId,
  agreeMs: number,
): Promise<DeletionReply> {
  const deadline = clock.monotonic() + agreeMs;
  const result = await queues.requestDelete(id, Math.max(ANSWER_MS, agreeMs));
  switch (result) {
    case 'deleted':
      break;
    case 'no-such-service':
    case 'no-such-service-exists':
      return failed(404, 'no-such-service-exists', `${id} does not exist`);
    case null:
      throw new WaiterError('The scheduler did not answer in time', {
        status: 503,
        details: { 'service-id': id },
      });
    default:
      return failed(400, result, `${id} could not be deleted`);
  }
  const done = { status: 200, success: true, result: 'deleted', message: `Deleted ${id}` } as const;
  if (agreeMs <= 0) return done;
  // Routers share what they know: the service is gone for each when it is gone from the list.
  let isListed = await isKnown(store, id);
  while (isListed && clock.monotonic() < deadline) {
    await sleep(POLL_MS);
    isListed = await isKnown(store, id);
  }
  return { ...done, 'routers-agree': !isListed };
}

async function isKnown(store: ApiDeps['store'], id: ServiceId): Promise<boolean> {
  return (await store.services.ids()).includes(id);
}

function failed(status: number, result: string, message: string): DeletionReply {
  return { status, success: false, result, message };
}
