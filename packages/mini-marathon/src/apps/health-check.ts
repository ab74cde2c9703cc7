import { defined } from './defined';
import type { HealthCheck } from './definition';

/**
 * A health check with its defaults and with those fields alone that its protocol has: clients with types of their own send all they
 * know, and that must be no change. `command` stays whatever the protocol, for the rule that it must not.
 */
export function healthCheck(input: Partial<HealthCheck>): HealthCheck {
  const { protocol = 'HTTP', command, path, port, portIndex, ignoreHttp1xx } = input;
  const overNetwork = protocol !== 'COMMAND';
  const http = protocol.includes('HTTP');
  return {
    protocol,
    gracePeriodSeconds: input.gracePeriodSeconds ?? 300,
    intervalSeconds: input.intervalSeconds ?? 60,
    timeoutSeconds: input.timeoutSeconds ?? 20,
    maxConsecutiveFailures: input.maxConsecutiveFailures ?? 3,
    delaySeconds: input.delaySeconds ?? 15,
    ipProtocol: input.ipProtocol ?? 'IPv4',
    ...defined({ command }),
    ...(http ? { path: path ?? '/' } : {}),
    ...(http && !protocol.startsWith('MESOS') ? { ignoreHttp1xx: ignoreHttp1xx ?? false } : {}),
    ...(overNetwork ? defined({ port, portIndex: port === undefined ? (portIndex ?? 0) : portIndex }) : {}),
  };
}
