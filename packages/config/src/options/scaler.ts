import { choice, duration, integer, number, text, port } from '../option';

/** Of the scaler worker: evaluation, kills, health, garbage collection. */
export const scalerOptions = {
  statusHost: text({
    default: '127.0.0.1',
    description: 'Address of `/status`, `/metrics` and `/metrics/prometheus` of the scaler.',
  }),
  statusPort: port(0, 'Port of the same; 0 takes a free one, which the log tells.'),
  tick: duration({ default: '1s', description: 'How often every service is evaluated, beside nudges.' }),
  lease: duration({ default: '3s', description: 'A leader that does not renew for so long is replaced.' }),
  renew: duration({ default: '500ms', description: 'How often a leader renews its lease.' }),
  drainTimeout: duration({
    default: '4h',
    description:
      'An instance that is to be killed may finish its requests for so long: as long as an async request may take. ' +
      'It takes no new ones meanwhile.',
  }),
  lingeringRequestThreshold: duration({
    default: '4h',
    description:
      'The same for an instance that has expired, if it is less. The original cuts requests of expired instances ' +
      'after 60 s.',
  }),
  interKill: duration({ default: '1s', description: 'Time between two rounds of kills of one service.' }),
  killsPerPass: choice(['one', 'surplus'], {
    default: 'one',
    description:
      'How many instances of a service are stopped at a time: one, as the original, or as many as the formula ' +
      'finds too many.',
  }),
  quanta: {
    cpus: number(0, {
      default: 64,
      description: 'One evaluation starts at most so many CPUs of one service.',
    }),
    mem: number(0, {
      default: 524_288,
      description: 'One evaluation starts at most so much memory (MiB) of one service.',
    }),
  },
  coldStart: choice(['minimum', 'ideal'], {
    default: 'minimum',
    description:
      'How many instances a service starts with: its `min-instances`, or what its waiting requests call for.',
  }),
  refusal: duration({
    default: '60s',
    description: 'A service that the scheduler refused is offered to it again after so long.',
  }),
  gcInterval: duration({
    default: '60s',
    description: 'How often idle, stale and broken services are looked for.',
  }),
  startNewInterval: duration({
    default: '5s',
    description:
      'How often the latest version of a token is started whose earlier service is still in use. ' +
      'So soon at most a stale service also gives up its min-instances.',
  }),
  brokenServiceTimeout: duration({
    default: '30m',
    description: 'A service that only fails is deleted so long after its grace period.',
  }),
  brokenServiceMinHosts: integer(1, 1000, {
    default: 1,
    description:
      'Hosts on which instances must have failed for a service to count as broken. ' +
      'The original: 2; a local scheduler has one host.',
  }),
  settle: duration({
    default: '10s',
    description:
      'A new leader collects nothing for so long: an empty Redis must not read as "nobody uses this".',
  }),
  probeMin: duration({
    default: '2ms',
    description: 'First pause between probes of an instance that starts while somebody waits.',
  }),
  probeMax: duration({ default: '200ms', description: 'Longest pause between such probes.' }),
  healthCheckTimeout: duration({
    default: '200ms',
    description: 'Time to connect, and again to answer, for a health check.',
  }),
  failedCheckThreshold: integer(1, 1000, {
    default: 5,
    description:
      'An instance that vanishes after so many failed checks in a row, never healthy, counts as failed.',
  }),
  maxExpiredUnhealthyInstances: integer(0, 1000, {
    default: 2,
    description: 'So many expired, unhealthy instances are replaced beside the healthy ones.',
  }),
  deploymentError: {
    minFailedInstances: integer(1, 1000, {
      default: 2,
      description: 'Failed instances that make a deployment error.',
    }),
    minHosts: integer(1, 1000, {
      default: 1,
      description:
        'Hosts they must have failed on. The original: 2 (1 on Kubernetes); a local scheduler has one host.',
    }),
  },
} as const;
