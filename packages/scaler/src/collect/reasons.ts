import type { CollectionEntry, CollectionKind } from '@waiter/store';
import type { Service } from '../service/service';
import { brokenDeadline, type BrokenRules } from './broken';
import { idleDeadline } from './idle';

export type Why = 'stale' | 'idle' | 'broken';

/** How the collections see one service at this moment. */
export interface Outlook {
  /** Why it is to be deleted now; null when it is to stay. */
  readonly why: Why | null;
  /** What is written down of it; a service that is not broken has no entry there. */
  readonly entries: Readonly<Partial<Record<CollectionKind, CollectionEntry>>>;
}

/** @param brokenSinceMs epoch ms, or null while it is not broken */
export function outlook(
  service: Service,
  brokenSinceMs: number | null,
  rules: BrokenRules,
  nowMs: number,
): Outlook {
  const idle = idleDeadline(service);
  const brokenAtMs = brokenSinceMs === null ? null : brokenDeadline(service, brokenSinceMs, rules);
  const { outstanding, load, idleSinceMs } = service;
  const used = outstanding > 0;
  const services: CollectionEntry = {
    deadlineMs: idle?.atMs ?? null,
    modifiedAtMs: used ? nowMs : idleSinceMs,
    state: { outstanding, 'last-request-time': time(load?.lastRequestAtMs ?? null) },
  };
  return {
    why: used
      ? null
      : idle !== null && nowMs > idle.atMs
        ? idle.why
        : brokenAtMs !== null && nowMs > brokenAtMs
          ? 'broken'
          : null,
    entries:
      brokenSinceMs === null
        ? { services }
        : { services, broken: { deadlineMs: brokenAtMs, modifiedAtMs: brokenSinceMs, state: BROKEN } },
  };
}

const BROKEN = {
  'failed-hosts-limit-reached': true,
  'has-failed-instances': true,
  'has-healthy-instances': false,
};

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
