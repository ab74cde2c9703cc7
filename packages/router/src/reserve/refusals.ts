import { WaiterError, type ServiceId } from '@waiter/core';

/** What is known of a service when one of its requests is refused. */
export interface PoolFacts {
  readonly serviceId: ServiceId;
  readonly inFlight: number;
  readonly queued: number;
  readonly slotsHeld: number;
  readonly healthy: number;
  /** Instances that are there and not healthy, or have failed. */
  readonly ailing: number;
}

const details = (facts: PoolFacts): Record<string, number | string> => ({
  'outstanding-requests': facts.inFlight + facts.queued,
  'requests-waiting-to-stream': 0,
  'service-id': facts.serviceId,
  'slots-assigned': facts.slotsHeld,
  'slots-available': Math.max(0, facts.slotsHeld - facts.inFlight),
  'slots-in-use': facts.inFlight,
  'waiting-for-available-instance': facts.queued,
  'work-stealing-offers-received': 0,
  'work-stealing-offers-sent': 0,
});

/** The queue timeout passed (spec: request-path 6.4). */
export function queueTimeout(facts: PoolFacts, timeoutMs: number): WaiterError {
  const hint =
    facts.healthy === 0 && facts.ailing > 0
      ? ' Check that your service is able to start properly!'
      : facts.healthy > 0 && facts.inFlight > 0
        ? ' Check that your service is able to scale properly!'
        : '';
  return new WaiterError(
    `After ${Math.floor(timeoutMs / 1000)} seconds, no instance available to handle request.${hint}`,
    {
      status: 503,
      errorClass: 'waiter.RequestTimeout',
      errorCause: 'service-error',
      details: details(facts),
    },
  );
}

/** More requests wait than `max-queue-length` allows. */
export function queueFull(facts: PoolFacts, queuedEverywhere: number, limit: number): WaiterError {
  return new WaiterError('Max queue length exceeded', {
    status: 503,
    errorClass: 'waiter.QueueLength',
    errorCause: 'service-error',
    details: {
      'current-queue-length': queuedEverywhere,
      'max-queue-length': limit,
      'outstanding-requests': facts.inFlight + facts.queued,
      'service-id': facts.serviceId,
    },
  });
}

/** The service cannot start; nobody waits for it. */
export function deploymentFailed(facts: PoolFacts, message: string): WaiterError {
  return new WaiterError(`Deployment error: ${message}`, {
    status: 503,
    errorClass: 'waiter.DeploymentError',
    errorCause: 'deployment-error',
    details: { 'service-id': facts.serviceId },
  });
}

/** The router stops before an instance was found; another router can serve the request. */
export function routerStops(facts: PoolFacts): WaiterError {
  return new WaiterError('The router is shutting down; please retry the request.', {
    status: 503,
    errorCause: 'service-error',
    details: { 'service-id': facts.serviceId },
    headers: { 'retry-after': '1' },
  });
}

/** The client hung up while it waited; nobody reads this. */
export function clientGone(facts: PoolFacts): WaiterError {
  return new WaiterError('Connection eagerly closed by client', {
    status: 400,
    errorCause: 'client-eagerly-closed',
    details: { 'service-id': facts.serviceId },
  });
}
