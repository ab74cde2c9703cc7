import { ApiError } from '../api-error';
import { normalise } from './normalise';
import { checkRules, readApp } from './validation';

function outcome(body: unknown): { status: number; body: unknown } | 'valid' {
  try {
    const input = readApp(body, 'create');
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
  ])('answers the broken rule %j', (body, path, error) => {
    expect(outcome(body)).toEqual(wrong('Object is not valid', path, error));
  });

  it('needs no command where there is a container', () => {
    expect(outcome({ id: 'x', container: { type: 'DOCKER', docker: { image: 'i' } } })).toBe('valid');
  });
});
