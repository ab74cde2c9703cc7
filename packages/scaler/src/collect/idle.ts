import type { Service } from '../service/service';

export interface Deadline {
  readonly why: 'stale' | 'idle';
  /** Epoch ms; deleted after it, if it is still not used. */
  readonly atMs: number;
}

/** When a service goes if nobody uses it until then; null: never (spec: scaling-and-schedulers 7.2). */
export function idleDeadline({ stale, idleSinceMs, described }: Service): Deadline | null {
  if (stale !== null) {
    // Never before: requests may fall back to it. Whatever its idle timeout says (spec: services-and-tokens 5.9).
    return { why: 'stale', atMs: (stale.sinceMs ?? idleSinceMs) + stale.graceMs };
  }
  const { idleTimeoutMs } = described.compiled;
  return idleTimeoutMs > 0 ? { why: 'idle', atMs: idleSinceMs + idleTimeoutMs } : null;
}
