import type { DeploymentError, Instance, InstanceFlag } from '@waiter/core';

export interface DeploymentErrorRules {
  readonly minFailedInstances: number;
  /** Distinct hosts on which instances failed; 1 where there is only one. */
  readonly minHosts: number;
}

export interface DeploymentEvidence {
  /** Instances that serve. */
  readonly healthy: number;
  /** The others, oldest first. */
  readonly unhealthy: readonly Pick<Instance, 'healthCheckStatus'>[];
  readonly failed: readonly Pick<Instance, 'host' | 'exitCode' | 'flags'>[];
  /** What the scheduler itself found; wins over every rule. */
  readonly reported: DeploymentError | null;
}

const MESSAGES = {
  'not-enough-memory': 'Not enough memory allocated',
  'image-unavailable': 'Image cannot be pulled',
  'bad-startup-command': 'Invalid startup command',
  'tls-error': 'Unable to complete TLS handshake with backend (ensure backend-proto is correctly configured)',
  'cannot-connect': 'Unable to connect to run health checks',
  'health-check-timed-out': 'Health check timed out',
  'bad-socket': 'Backend is closing socket without responding (ensure backend-proto is correctly configured)',
  'invalid-health-check-response': 'Health check returned an invalid response',
  'health-check-requires-authentication': 'Health check requires authentication',
} as const;

type Key = keyof typeof MESSAGES;

/** Why no instance gets healthy, as far as the failures show it; null while that is open (spec: 3.9, first rule wins). */
export function deploymentErrorOf(
  evidence: DeploymentEvidence,
  rules: DeploymentErrorRules,
): DeploymentError | null {
  if (evidence.healthy > 0) return null;
  if (evidence.reported !== null) return evidence.reported;
  const key = keyOf(evidence, rules);
  return key === null ? null : { key, message: MESSAGES[key] };
}

function keyOf({ failed, unhealthy }: DeploymentEvidence, rules: DeploymentErrorRules): Key | null {
  const hosts = new Set(failed.map(({ host }) => host)).size;
  if (failed.length > 0 && failed.length >= rules.minFailedInstances && hosts >= rules.minHosts) {
    const all = (flag: InstanceFlag): boolean => failed.every(({ flags }) => flags.includes(flag));
    const none = (flag: InstanceFlag): boolean => failed.every(({ flags }) => !flags.includes(flag));
    const [first] = failed;
    if (all('memory-limit-exceeded')) return 'not-enough-memory';
    // Not in the table: the original took it for a service that cannot be connected to.
    if (all('image-unavailable')) return 'image-unavailable';
    if (
      first !== undefined &&
      first.exitCode !== null &&
      failed.every((f) => f.exitCode === first.exitCode)
    ) {
      return 'bad-startup-command';
    }
    if (all('ssl-exception')) return 'tls-error';
    if (none('has-connected')) return 'cannot-connect';
    if (none('has-responded')) return all('timeout-exception') ? 'health-check-timed-out' : 'bad-socket';
    if (all('never-passed-health-checks')) return 'invalid-health-check-response';
  }
  return unhealthy[0]?.healthCheckStatus === 401 ? 'health-check-requires-authentication' : null;
}
