import { referenceOf } from '@waiter/core';
import type { InstanceSnapshot, PublishedInstance } from '@waiter/store';
import { activeInstances, commonView, instanceView, references, statusOf } from './service-view';
import type { ServiceFacts } from './service-view';

function instance(id: string, startedAtMs: number, healthy: boolean): PublishedInstance {
  return {
    id,
    serviceId: 's',
    host: '127.0.0.1',
    port: 31000,
    extraPorts: [31001],
    startedAtMs,
    healthy,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: '/x',
    draining: false,
  };
}

function snapshot(parts: Partial<InstanceSnapshot>): InstanceSnapshot {
  return {
    serviceId: 's',
    epoch: 1,
    version: 1,
    requested: 1,
    scheduled: 1,
    instances: [],
    failed: [],
    killed: [],
    deploymentError: null,
    ...parts,
  };
}

const facts = (parts: Partial<ServiceFacts> = {}): ServiceFacts => ({
  record: {
    id: 's',
    description: { cmd: 'x', 'run-as-user': 'u' },
    effective: { cpus: 0.1, mem: 256 },
    createdAtMs: 0,
    registered: { cpus: 0.1, mem: 256 },
    suspended: null,
    overrides: null,
    references: [
      referenceOf([{ token: 'a', version: 'E-1' }]),
      referenceOf([
        { token: 'a', version: 'E-1' },
        { token: 'b', version: 'E-old' },
      ]),
    ],
    sourceTokens: [
      [{ token: 'a', version: 'E-1' }],
      [
        { token: 'a', version: 'E-1' },
        { token: 'b', version: 'E-old' },
      ],
    ],
  },
  snapshot: null,
  load: {
    inFlight: 2,
    queued: 3,
    oldestWaitMs: 0,
    total: 9,
    lastRequestAtMs: 1_700_000_000_123,
    inFlightMs: 0,
    demandMs: 0,
  },
  scalingState: null,
  scalingPause: null,
  tokenVersions: new Map([
    ['a', 'E-1'],
    ['b', 'E-2'],
  ]),
  ...parts,
});

it.each([
  ['Inactive', null],
  ['Inactive', snapshot({ requested: 0, scheduled: 0 })],
  ['Starting', snapshot({})],
  ['Starting', snapshot({ requested: 0, scheduled: 1, instances: [instance('i', 1, false)] })],
  ['Running', snapshot({ instances: [instance('i', 1, true)] })],
  ['Failing', snapshot({ deploymentError: { key: 'cannot-connect', message: 'm' } })],
])('status %s', (status, of) => {
  expect(statusOf(of)).toBe(status);
});

it('orders healthy instances before others, older ones first', () => {
  const instances = [
    instance('d', 1, false),
    instance('c', 5, true),
    instance('b', 5, true),
    instance('a', 9, true),
  ];
  expect(activeInstances(snapshot({ instances })).map(({ id }) => id)).toEqual(['b', 'c', 'a', 'd']);
});

it('shows load, usage of all instances, and the tokens that are current', () => {
  const instances = [1, 2, 3].map((n) => instance(`i${n}`, n, n > 1));
  expect(commonView(facts({ snapshot: snapshot({ instances }), scalingState: 'stable' }))).toEqual({
    status: 'Running',
    'service-description': { cmd: 'x', 'run-as-user': 'u' },
    'request-metrics': { outstanding: 5, total: 9 },
    'last-request-time': '2023-11-14T22:13:20.123Z',
    'resource-usage': { cpus: 0.3, mem: 768 },
    'scaling-state': 'stable',
    'current-for-tokens': ['a'],
    'source-tokens': facts().record.sourceTokens,
  });
});

it('says why a service fails', () => {
  const failing = snapshot({
    deploymentError: { key: 'bad-startup-command', message: 'Invalid startup command' },
  });
  expect(commonView(facts({ snapshot: failing }))).toMatchObject({
    'deployment-error-message': 'Deployment error: Invalid startup command',
  });
});

it('leaves out what is not known', () => {
  const { record } = facts();
  const bare = facts({ record: { ...record, sourceTokens: [], references: [] } });
  expect(Object.keys(commonView(bare))).toEqual([
    'status',
    'service-description',
    'request-metrics',
    'last-request-time',
    'resource-usage',
  ]);
});

it('names a reference for each token combination', () => {
  expect(references(facts().record)).toContainEqual({ token: { sources: [{ token: 'a', version: 'E-1' }] } });
});

it('shows an instance by the names of the wire', () => {
  expect(instanceView(instance('s.1', 1_700_000_000_000, true))).toEqual({
    id: 's.1',
    'service-id': 's',
    'started-at': '2023-11-14T22:13:20.000Z',
    'healthy?': true,
    'health-check-status': null,
    flags: [],
    'exit-code': null,
    host: '127.0.0.1',
    port: 31000,
    'extra-ports': [31001],
    'log-directory': '/x',
    message: null,
  });
});
