import type { ResolvedService } from '@waiter/core';
import type { RequestFacts } from '../../../accept';
import type { ReservableService } from '../../../reserve';
import type { ServiceMetrics } from '../../../worker-metrics';
import { reservable } from '../../forwarder';
import { clientText, ownText } from '../head-text';
import type { SharedParts } from '../lane-parts';

/** A service that may be used, with what every exchange with it needs. */
export interface Admittance {
  readonly service: ResolvedService;
  readonly wanted: ReservableService;
  readonly series: ServiceMetrics;
  /** Header lines that the router itself states to instances. */
  readonly ownText: string;
  /** Header lines that it adds to the response, for this client. */
  readonly clientText: string;
  /** By instance: the part of a line of the request log that says where the request went. */
  readonly placeTexts: Map<string, string>;
}

export function admittance(
  service: ResolvedService,
  facts: RequestFacts,
  { metrics, authorization }: Pick<SharedParts, 'metrics' | 'authorization'>,
): Admittance {
  const { serviceId } = service;
  return {
    service,
    wanted: reservable(service),
    series: metrics.of(serviceId),
    ownText: ownText(authorization.of(serviceId), facts.principal),
    clientText: clientText(facts),
    placeTexts: new Map(),
  };
}
