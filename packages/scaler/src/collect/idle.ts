import type { Service } from '../service/service';

export interface IdleRules {
  readonly brokenServiceTimeoutMs: number;
  readonly minHosts: number;
}

/** Since when a service is broken: it fails on enough hosts and has nothing healthy (spec: scaling-and-schedulers 7.3). */
export class BrokenSince {
  private readonly since = new Map<string, number>();

  /** @returns wall clock of the beginning, or null while it is not broken */
  observe(service: Service, { minHosts }: IdleRules, nowMs: number): number | null {
    const failed = service.departed.failedSince(service.lastHealthyAtMs);
    const began = this.since.get(service.id);
    const hosts = new Set(failed.map(({ host }) => host)).size;
    // Latched: later failures on fewer hosts do not start it anew.
    const broken =
      service.healthyCount === 0 && failed.length > 0 && (began !== undefined || hosts >= minHosts);
    if (!broken) {
      this.since.delete(service.id);
      return null;
    }
    if (began === undefined) this.since.set(service.id, nowMs);
    return began ?? nowMs;
  }

  /** Forgets services that are gone. */
  keepOnly(ids: { has(id: string): boolean }): void {
    for (const id of this.since.keys()) if (!ids.has(id)) this.since.delete(id);
  }
}

/**
 * Why a service that nobody uses at this moment is to be deleted now; null when it is to stay.
 * (spec: scaling-and-schedulers 7.2, 7.3)
 */
export function reasonToCollect(
  service: Service,
  brokenSinceMs: number | null,
  rules: IdleRules,
  nowMs: number,
): 'stale' | 'idle' | 'broken' | null {
  if (service.outstanding > 0) return null;
  const { idleTimeoutMs, gracePeriodMs } = service.described.compiled;
  if (service.stale !== null) {
    // Never before: requests may fall back to it. Whatever its idle timeout says (spec: services-and-tokens 5.9).
    const { sinceMs, graceMs } = service.stale;
    if (nowMs > (sinceMs ?? service.idleSinceMs) + graceMs) return 'stale';
  } else if (idleTimeoutMs > 0 && nowMs - service.idleSinceMs > idleTimeoutMs) return 'idle';
  if (brokenSinceMs !== null && nowMs - brokenSinceMs > gracePeriodMs + rules.brokenServiceTimeoutMs) {
    return 'broken';
  }
  return null;
}
