import { ApiError } from '../api-error';
import { normalise } from './normalise';
import { checkInput, checkRules } from './rules';
import { readApp } from './validation';

function outcome(body: unknown): { status: number; body: unknown } | 'valid' {
  try {
    const input = readApp(body, 'create');
    checkInput(input);
    checkRules(
      normalise(input, `/${input.id ?? ''}`, undefined, undefined, () => 10_000, '2020-01-01T00:00:00.000Z'),
    );
    return 'valid';
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, body: error.body };
    throw error;
  }
}

const wrong = (message: string, path: string, error: unknown) => ({
  status: 422,
  body: { message, details: [{ path, errors: [error] }] },
});

describe('app validation (4B.2, 4B.3)', () => {
  it('takes what Waiter sends (4A.2), explicit nulls included', () => {
    const body = {
      id: 'waiter-service-abc',
      env: { HOME: '/home/me', WAITER_CPUS: '0.1' },
      user: 'me',
      args: ['waiter-mesos-init', 'run $PORT0'],
      disk: null,
      mem: 256,
      cpus: 0.1,
      ports: [0, 0],
      healthChecks: [
        {
          protocol: 'HTTP',
          path: '/status',
          portIndex: 1,
          gracePeriodSeconds: 30,
          intervalSeconds: 10,
          timeoutSeconds: 20,
          maxConsecutiveFailures: 5,
        },
      ],
      backoffFactor: 2,
      labels: { source: 'waiter', user: 'me' },
      taskKillGracePeriodSeconds: 10,
    };
    expect(outcome(body)).toBe('valid');
  });

  it.each([
    [{ id: 'x', cmd: 'a', instances: '1' }, '/instances', 'error.expected.jsnumber'],
    [{ id: 'x', cmd: 1 }, '/cmd', 'error.expected.jsstring'],
    [{ id: 'x', cmd: 'a', ports: 1 }, '/ports', 'error.expected.jsarray'],
    [{ id: 'x', cmd: 'a', env: [] }, '/env', 'error.expected.jsobject'],
    [{ id: 'x', cmd: 'a', labels: { a: 1 } }, '/labels/a', 'error.expected.jsstring'],
    [{ id: 'x', cmd: 'a', healthChecks: [{ path: 3 }] }, '/healthChecks(0)/path', 'error.expected.jsstring'],
    [{ cmd: 'a' }, '/id', 'error.path.missing'],
    [[], '/', 'error.expected.jsobject'],
  ])('answers the wrong shape %j', (body, path, error) => {
    expect(outcome(body)).toEqual(wrong('Invalid JSON', path, error));
  });

  const command = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
  it.each([
    [{ id: 'x' }, '/', command],
    [{ id: 'x', cmd: 'a', args: ['b'] }, '/', command],
    [{ id: 'x', cmd: 'a', instances: -1 }, '/instances', 'got -1, expected 0 or more'],
    [
      { id: 'x', cmd: 'a', upgradeStrategy: { minimumHealthCapacity: 2 } },
      '/upgradeStrategy/minimumHealthCapacity',
      'is greater than 1',
    ],
    [{ id: 'Upper_case', cmd: 'a' }, '/id', expect.stringContaining('must fully match regular expression')],
    [
      { id: 'x', cmd: 'a', healthChecks: [{ portIndex: 1 }] },
      '/healthChecks(0)',
      expect.stringContaining('port indices'),
    ],
    [
      { id: 'x', cmd: 'a', healthChecks: [{ protocol: 'COMMAND' }] },
      '/healthChecks(0)',
      expect.stringContaining('must match'),
    ],
    [{ id: 'x', cmd: 'a', container: { type: 'DOCKER' } }, '/container/docker', 'not defined'],
    [
      { id: 'x', cmd: 'a', constraints: [['hostname']] },
      '/constraints(0)',
      'Each constraint must have either 2 or 3 fields',
    ],
    [
      { id: 'x', cmd: 'a', constraints: [['hostname', 'UNIQUE', 'x']] },
      '/constraints(0)',
      'Value specified but not used',
    ],
    [
      { id: 'x', cmd: 'a', constraints: [['hostname', 'ON']] },
      '/constraints(0)',
      expect.stringContaining('must be one of the following UNIQUE, CLUSTER'),
    ],
    [
      { id: 'x', cmd: 'a', constraints: [['hostname', 'LIKE', '[']] },
      '/constraints(0)',
      "'[' is not a valid regular expression",
    ],
    [
      { id: 'x', cmd: 'a', constraints: [['rack', 'MAX_PER', 'two']] },
      '/constraints(0)',
      'Value was not specified or is not a number',
    ],
    [{ id: 'x', cmd: 'a', ports: [80, 80] }, '/', 'ports must be unique'],
    [
      { id: 'x', cmd: 'a', ports: [80], portDefinitions: [{ port: 81 }] },
      '/',
      'cannot specify both ports and port definitions',
    ],
    [
      { id: 'x', cmd: 'a', portDefinitions: [{ name: 'web' }, { name: 'web' }] },
      '/portDefinitions',
      'Port names must be unique.',
    ],
    [
      { id: 'x', cmd: 'a', uris: ['http://a/b'], fetch: [{ uri: 'http://a/c' }] },
      '/uris',
      'may not be set in conjunction with fetch',
    ],
    [
      { id: 'x', cmd: 'a', networks: [{ mode: 'host' }, { mode: 'container/bridge' }] },
      '/networks',
      expect.stringContaining('single host network'),
    ],
    [
      { id: 'x', cmd: 'a', networks: [{ mode: 'host', name: 'n' }] },
      '/networks',
      'Host networks may not have names or labels',
    ],
    [
      {
        id: 'x',
        cmd: 'a',
        portDefinitions: [{ name: 'web' }],
        readinessChecks: [{ portName: 'web', intervalSeconds: 10, timeoutSeconds: 10 }],
      },
      '/readinessChecks(0)/timeoutSeconds',
      'got 10, expected less than 10',
    ],
    [
      {
        id: 'x',
        cmd: 'a',
        portDefinitions: [{ name: 'web' }],
        readinessChecks: [{ portName: 'web', httpStatusCodesForReady: [] }],
      },
      '/readinessChecks(0)/httpStatusCodesForReady',
      'must not be empty',
    ],
    [
      { id: 'x', cmd: 'a', readinessChecks: [{ portName: 'web' }] },
      '/readinessChecks(0)/portName',
      'No port definition reference for portName web',
    ],
    [
      { id: 'x', cmd: 'a', unreachableStrategy: { inactiveAfterSeconds: 9, expungeAfterSeconds: 3 } },
      '/unreachableStrategy/inactiveAfterSeconds',
      'got 9, expected 3 or less',
    ],
    [{ id: 'x', cmd: 'a', acceptedResourceRoles: [] }, '/acceptedResourceRoles', 'must not be empty'],
    [
      {
        id: 'x',
        container: { type: 'DOCKER', docker: { image: 'i' } },
        ipAddress: { discovery: { ports: [{ number: 80, name: 'http' }] } },
      },
      '/ipAddress',
      'ipAddress/discovery is not allowed for Docker containers',
    ],
    [
      { id: 'x', cmd: 'a', healthChecks: [{ protocol: 'MESOS_TCP' }, { protocol: 'MESOS_HTTP' }] },
      '/',
      'AppDefinition can contain at most one Mesos health check',
    ],
    [{ id: 'x', cmd: '' }, '/cmd', 'must not be empty'],
    [{ id: 'x/y', cmd: 'a', dependencies: ['/x/y'] }, '/dependencies', 'An app must not depend on itself.'],
  ])('answers the broken rule %j', (body, path, error) => {
    expect(outcome(body)).toEqual(wrong('Object is not valid', path, error));
  });

  it('tells every broken rule at once, one entry a path', () => {
    const single = { MARATHON_SINGLE_INSTANCE_APP: 'true' };
    expect(outcome({ id: 'x', labels: single, instances: 2, acceptedResourceRoles: [] })).toEqual({
      status: 422,
      body: {
        message: 'Object is not valid',
        details: [
          { path: '/', errors: [command, 'Single instance app may only have one instance'] },
          { path: '/acceptedResourceRoles', errors: ['must not be empty'] },
          { path: '/upgradeStrategy/minimumHealthCapacity', errors: ['got 1, expected 0.0'] },
          { path: '/upgradeStrategy/maximumOverCapacity', errors: ['got 1, expected 0.0'] },
        ],
      },
    });
  });

  it('takes what an older client writes twice, when it is the same', () => {
    expect(outcome({ id: 'x', cmd: 'a', ports: [80], portDefinitions: [{ port: 80 }] })).toBe('valid');
    expect(outcome({ id: 'x', cmd: 'a', uris: ['http://a/b'], fetch: [] })).toBe('valid');
    expect(outcome({ id: 'x', cmd: 'a', constraints: [['hostname', 'UNIQUE', '']] })).toBe('valid');
  });

  it('needs no command where there is a container', () => {
    expect(outcome({ id: 'x', container: { type: 'DOCKER', docker: { image: 'i' } } })).toBe('valid');
  });
});
