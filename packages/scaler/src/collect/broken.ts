import type { ServiceId } from '@waiter/core';
import type { Service } from '../service/service';

export interface BrokenRules {
  readonly brokenServiceTimeoutMs: number;
  /** Hosts on which instances must have failed. */
  readonly brokenServiceMinHosts: number;
}

/** Since when services are broken: they fail on enough hosts and have nothing healthy (spec: scaling-and-schedulers 7.3). */
export class BrokenServices {
  private readonly since = new Map<ServiceId, number>();

  /** Takes over what a former leader found. @param since epoch ms by service */
  restore(since: Iterable<readonly [ServiceId, number]>): void {
    for (const [id, atMs] of since) this.since.set(id, atMs);
  }

  /** @returns epoch ms of the beginning, or null while it is not broken */
  observe(service: Service, { brokenServiceMinHosts }: BrokenRules, nowMs: number): number | null {
    const failed = service.departed.failedSince(service.lastHealthyAtMs);
    const began = this.since.get(service.id);
    const hosts = new Set(failed.map(({ host }) => host)).size;
    // Latched: later failures on fewer hosts do not start it anew.
    const broken =
      service.healthyCount === 0 &&
      failed.length > 0 &&
      (began !== undefined || hosts >= brokenServiceMinHosts);
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

/** When a service that has been broken since then goes, if nobody asks for it. */
export function brokenDeadline(service: Service, sinceMs: number, rules: BrokenRules): number {
  return sinceMs + service.described.compiled.gracePeriodMs + rules.brokenServiceTimeoutMs;
}
