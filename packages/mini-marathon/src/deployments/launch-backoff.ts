import type { AppDefinition } from '../apps/definition';

/** Delay of the next launch of an app's current config; undefined: none. A value, no timers (4B.8). */
export interface Backoff {
  readonly delayMs: number;
  /** When the last failure was. */
  readonly sinceMs: number;
}

export type BackoffSettings = Pick<
  AppDefinition,
  'backoffSeconds' | 'backoffFactor' | 'maxLaunchDelaySeconds'
>;

/** Even with `backoffSeconds: 0`, so that a command that fails at once does not take the whole machine. */
const MIN_DELAY_MS = 50;

/** The first failure delays by `backoffSeconds`, each further multiplies, up to `maxLaunchDelaySeconds`. */
export function afterFailure(
  backoff: Backoff | undefined,
  settings: BackoffSettings,
  nowMs: number,
): Backoff {
  const current = unexpired(backoff, settings, nowMs);
  const delayMs =
    current === undefined ? settings.backoffSeconds * 1000 : current.delayMs * settings.backoffFactor;
  const capped = Math.min(delayMs, settings.maxLaunchDelaySeconds * 1000);
  return { delayMs: Math.max(capped, MIN_DELAY_MS), sinceMs: nowMs };
}

/** Milliseconds until a launch is allowed. */
export function waitMs(backoff: Backoff | undefined, nowMs: number): number {
  return backoff === undefined ? 0 : Math.max(0, backoff.sinceMs + backoff.delayMs - nowMs);
}

/** A delay is forgotten when its due time lies further back than the longest delay there can be. */
export function unexpired(
  backoff: Backoff | undefined,
  settings: BackoffSettings,
  nowMs: number,
): Backoff | undefined {
  if (backoff === undefined) return undefined;
  return backoff.sinceMs + backoff.delayMs < nowMs - settings.maxLaunchDelaySeconds * 1000
    ? undefined
    : backoff;
}
