import { LRUCache } from 'lru-cache';
import { compileDescription, WaiterError, type ResolvedService, type ServiceId } from '@waiter/core';
import type { ServiceState } from '@waiter/store';

interface Entry {
  readonly state: ServiceState;
  stale: boolean;
}

const NOTHING_SAID: ServiceState = { suspended: null, overrides: null };

/**
 * What operators say of services: suspended or not, and which parameters are overridden. Asked of Redis once for each
 * service; the change feed keeps it true, so that the warm path asks nobody.
 */
export class OperatorStates {
  private readonly entries: LRUCache<ServiceId, Entry>;
  private readonly loads = new Map<ServiceId, Promise<ServiceState>>();
  private readonly overridden = new WeakMap<
    ResolvedService,
    { readonly state: ServiceState; readonly service: ResolvedService }
  >();

  constructor(
    private readonly load: (id: ServiceId) => Promise<ServiceState>,
    maxEntries: number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.entries = new LRUCache({ max: maxEntries });
  }

  /**
   * Synchronous where it is known. Never rejects: while Redis is away, what was known last holds, and services serve on.
   */
  of(id: ServiceId): ServiceState | Promise<ServiceState> {
    const entry = this.entries.get(id);
    if (entry !== undefined && !entry.stale) return entry.state;
    const running = this.loads.get(id);
    if (running !== undefined) return running;
    const loading = this.load(id).then(
      (state) => {
        // Dropped meanwhile: what was read may be older than the notice.
        if (this.loads.get(id) === loading) this.entries.set(id, { state, stale: false });
        return state;
      },
      (error: unknown) => {
        this.onError(error);
        return this.entries.get(id)?.state ?? NOTHING_SAID;
      },
    );
    this.loads.set(id, loading);
    void loading.finally(() => {
      if (this.loads.get(id) === loading) this.loads.delete(id);
    });
    return loading;
  }

  /** An operator said something of the service. */
  drop(id: ServiceId): void {
    this.loads.delete(id);
    const entry = this.entries.get(id);
    if (entry !== undefined) entry.stale = true;
  }

  /** Notices may have been missed. */
  dropAll(): void {
    this.loads.clear();
    for (const entry of this.entries.values()) entry.stale = true;
  }

  /** The service as it runs now: overridden parameters laid over its own, the id unchanged. */
  applied(service: ResolvedService, state: ServiceState): ResolvedService {
    const overrides = state.overrides?.overrides;
    if (overrides === undefined || Object.keys(overrides).length === 0) return service;
    const before = this.overridden.get(service);
    if (before?.state === state) return before.service;
    const effective = { ...service.effective, ...overrides };
    const overridden = { ...service, effective, compiled: compileDescription(effective) };
    this.overridden.set(service, { state, service: overridden });
    return overridden;
  }
}

/** @throws WaiterError 503 (spec: services-and-tokens 0.4) */
export function refuseSuspended(id: ServiceId, { suspended }: ServiceState): void {
  if (suspended?.suspended !== true) return;
  throw new WaiterError('Service has been suspended', {
    status: 503,
    errorClass: 'waiter.Suspended',
    errorCause: 'service-error',
    details: {
      'service-id': id,
      'suspended-at': new Date(suspended.atMs).toISOString(),
      'last-updated-by': suspended.by,
    },
  });
}
