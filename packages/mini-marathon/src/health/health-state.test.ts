import type { HealthLimits, HealthState, ProbeResult } from './health-state';
import { afterProbe, pauseMs, UNCHECKED } from './health-state';

const limits: HealthLimits = {
  gracePeriodSeconds: 10,
  intervalSeconds: 5,
  delaySeconds: 15,
  maxConsecutiveFailures: 2,
};
const ok: ProbeResult = { ok: true };
const bad: ProbeResult = { ok: false, cause: '500 Internal Server Error' };

function run(results: readonly ProbeResult[], ageMs: number, use = limits) {
  let state: HealthState = UNCHECKED;
  const kills: boolean[] = [];
  for (const result of results) {
    const step = afterProbe(state, result, use, 1000, ageMs);
    state = step.state;
    kills.push(step.kill);
  }
  return { state, kills };
}

describe('health bookkeeping (4B.8)', () => {
  it('ignores failures within the grace period until the first success', () => {
    expect(run([bad, bad, bad, bad], 9999)).toEqual({
      state: UNCHECKED,
      kills: [false, false, false, false],
    });
  });

  it('counts failures within the grace period once there was a success', () => {
    const { state } = run([ok, bad], 100);
    expect(state).toMatchObject({
      alive: false,
      consecutiveFailures: 1,
      lastFailureCause: '500 Internal Server Error',
    });
  });

  it('kills at maximum plus one failures in a row', () => {
    expect(run([bad, bad, bad], 20_000).kills).toEqual([false, false, true]);
    expect(run([bad, bad, ok, bad, bad], 20_000).kills).not.toContain(true);
  });

  it('never kills with a maximum of 0', () => {
    const never = { ...limits, maxConsecutiveFailures: 0 };
    expect(run([bad, bad, bad, bad], 20_000, never).kills).not.toContain(true);
  });

  it('does not count what Marathon would not have checked yet, without any grace period', () => {
    const none = { ...limits, gracePeriodSeconds: 0 };
    expect(run([bad], 4999, none).state.checked).toBe(false);
    expect(run([bad], 5000, none).state.consecutiveFailures).toBe(1);
    expect(run([bad], 0, { ...none, delaySeconds: 0 }).state.consecutiveFailures).toBe(1);
  });

  it('probes often while the task starts and each interval afterwards', () => {
    expect(pauseMs(UNCHECKED, limits, 0, 0)).toBe(25);
    expect(pauseMs(UNCHECKED, limits, 100, 5000)).toBe(500);
    expect(pauseMs(UNCHECKED, limits, 100, 10_000)).toBe(5000);
    expect(pauseMs(run([ok], 0).state, limits, 1, 100)).toBe(5000);
  });
});
