import type { Instance, ServiceId } from '@waiter/core';

export type InstanceState = 'open' | 'draining' | 'unhealthy' | 'expired' | 'gone';

export interface PublishedInstanceOptions {
  /** Of the first one; each further one starts a millisecond later. */
  readonly startedAtMs?: number;
  /** All started at the same moment. */
  readonly sameStart?: boolean;
}

/** Instances `<service>.i0`, `<service>.i1`..., one for each state that is not `gone`, on ports 4000, 4001... */
export function publishedInstances(
  serviceId: ServiceId,
  states: readonly InstanceState[],
  { startedAtMs = 1_000, sameStart = false }: PublishedInstanceOptions = {},
): (Instance & { readonly draining: boolean })[] {
  return states.flatMap((state, n) =>
    state === 'gone'
      ? []
      : [
          {
            id: `${serviceId}.i${n}`,
            serviceId,
            host: '127.0.0.1',
            port: 4_000 + n,
            extraPorts: [],
            startedAtMs: startedAtMs + (sameStart ? 0 : n),
            healthy: state !== 'unhealthy',
            flags: state === 'expired' ? (['expired'] as const) : [],
            healthCheckStatus: null,
            exitCode: null,
            message: null,
            logDirectory: null,
            draining: state === 'draining',
          },
        ],
  );
}
