import type { InstanceFlag } from '@waiter/core';
import { deploymentErrorOf, type DeploymentEvidence } from './deployment-error';

const RULES = { minFailedInstances: 2, minHosts: 2 };
const failed = (host: string, exitCode: number | null, ...flags: InstanceFlag[]) => ({
  host,
  exitCode,
  flags,
});
const key = (evidence: Partial<DeploymentEvidence>, rules = RULES): string | null =>
  deploymentErrorOf({ healthy: 0, unhealthy: [], failed: [], reported: null, ...evidence }, rules)?.key ??
  null;

describe('deployment errors (spec: scaling-and-schedulers 3.9)', () => {
  test.each<[string, InstanceFlag[], InstanceFlag[], [number | null, number | null], string | null]>([
    [
      'row 1: memory before exit code',
      ['memory-limit-exceeded'],
      ['memory-limit-exceeded'],
      [137, 137],
      'not-enough-memory',
    ],
    [
      'no image, which has no row',
      ['image-unavailable'],
      ['image-unavailable'],
      [null, null],
      'image-unavailable',
    ],
    ['an image that failed once', ['image-unavailable'], [], [null, null], 'cannot-connect'],
    ['row 2: one exit code', [], ['memory-limit-exceeded'], [1, 1], 'bad-startup-command'],
    ['row 2: 0 is an exit code', [], [], [0, 0], 'bad-startup-command'],
    ['row 3', ['ssl-exception'], ['ssl-exception'], [1, 2], 'tls-error'],
    ['row 4', [], [], [1, 2], 'cannot-connect'],
    [
      'row 5: timeouts',
      ['has-connected', 'timeout-exception'],
      ['has-connected', 'timeout-exception'],
      [null, null],
      'health-check-timed-out',
    ],
    ['row 5: others', ['has-connected', 'timeout-exception'], ['has-connected'], [null, null], 'bad-socket'],
    [
      'row 6',
      ['has-connected', 'has-responded', 'never-passed-health-checks'],
      ['has-connected', 'has-responded', 'never-passed-health-checks'],
      [null, null],
      'invalid-health-check-response',
    ],
    ['no row: one of them connected and responded', ['has-connected', 'has-responded'], [], [1, 2], null],
  ])('case 38: %s', (_name, first, second, [a, b], expected) => {
    expect(key({ failed: [failed('h1', a, ...first), failed('h2', b, ...second)] })).toBe(expected);
  });

  test('case 38: needs enough failures on enough hosts', () => {
    expect(key({ failed: [failed('h1', 1)] })).toBeNull();
    expect(key({ failed: [failed('h1', 1), failed('h1', 1)] })).toBeNull();
    expect(key({ failed: [failed('h1', 1), failed('h1', 1)] }, { ...RULES, minHosts: 1 })).toBe(
      'bad-startup-command',
    );
    expect(key({}, { minFailedInstances: 0, minHosts: 0 })).toBeNull();
  });

  test('case 38: a healthy instance ends every error', () => {
    const reported = { key: 'image', message: 'no such image' };
    expect(key({ healthy: 1, reported, failed: [failed('h1', 1), failed('h2', 1)] })).toBeNull();
    expect(key({ reported, failed: [failed('h1', 1), failed('h2', 1)] })).toBe('image');
  });

  test('case 39: row 7, status 401 of the first unhealthy instance, comes last', () => {
    const codes = [failed('h1', 1), failed('h2', 1)];
    expect(key({ unhealthy: [{ healthCheckStatus: 401 }], failed: codes })).toBe('bad-startup-command');
    expect(key({ unhealthy: [{ healthCheckStatus: 401 }] })).toBe('health-check-requires-authentication');
    expect(key({ unhealthy: [{ healthCheckStatus: 500 }, { healthCheckStatus: 401 }] })).toBeNull();
    // No credentials would help against 403 (RFC 9110, 15.5.4): it is a wrong answer like any other.
    expect(key({ unhealthy: [{ healthCheckStatus: 403 }] })).toBeNull();
  });
});
