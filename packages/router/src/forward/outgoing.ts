import type { Json, ResolvedService } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import type { Aimed } from '../admit';
import type { ReservableService, Slot } from '../reserve';
import type { Failure } from './outcome';
import type { OutgoingRequest } from './request-headers';
import type { ServiceAuthorization } from './service-password';

export function reservable({
  serviceId,
  compiled,
  portIndex = 0,
  prioritised = false,
}: ResolvedService & Aimed): ReservableService {
  const { concurrencyLevel, loadBalancing, maxQueueLength } = compiled;
  return { serviceId, concurrencyLevel, loadBalancing, maxQueueLength, portIndex, prioritised };
}

export function outgoingRequest(
  head: RequestHead,
  facts: RequestFacts,
  service: ResolvedService,
  { authorization, product }: { readonly authorization: ServiceAuthorization; readonly product: string },
): OutgoingRequest {
  return {
    headers: head.headers,
    chunked: head.headers['transfer-encoding'] !== undefined,
    cid: head.cid,
    clientProtocol: head.clientProtocol,
    product,
    authorization: authorization.of(service.serviceId),
    principal: facts.principal,
  };
}

export function failureDetails(
  service: ResolvedService,
  slot: Slot,
  { error }: Failure,
): Record<string, Json> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    'service-id': service.serviceId,
    'instance-id': slot.instanceId,
    'backend-error': code ?? error.message,
  };
}

export function mayHaveBody({ headers }: RequestHead): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}
