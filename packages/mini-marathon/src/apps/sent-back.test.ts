import { withVersions } from './change';
import type { AppDefinition, AppInput } from './definition';
import { normalise } from './normalise';

const V1 = '2020-01-01T00:00:00.000Z';
const V2 = '2020-01-01T00:00:01.000Z';

const made = (input: AppInput): AppDefinition =>
  normalise({ cmd: 'a', ...input }, '/x', undefined, undefined, () => 10_000, V1);
const sentBack = (before: AppDefinition, input: AppInput): AppDefinition =>
  withVersions(
    before,
    normalise(input, '/x', before, before, () => 15_000, V2),
    V2,
  );

/**
 * Clients with types of their own (com.mesosphere:marathon-client, go-marathon) read an app and write it back with every field
 * they know, empty ones included. That is no change: else the tasks would be replaced.
 */
describe('an app that a client sends back in its own words', () => {
  it.each<[string, AppInput, AppInput]>([
    ['the empty labels of a network', {}, { networks: [{ mode: 'host', labels: {} }] }],
    ['no arguments', {}, { args: [], secrets: {} }],
    [
      'fields of other health checks',
      { healthChecks: [{ protocol: 'COMMAND', command: { value: 'true' } }] },
      {
        healthChecks: [
          { protocol: 'COMMAND', command: { value: 'true' }, ignoreHttp1xx: false, path: '/', portIndex: 0 },
        ],
      },
    ],
    [
      'a path that a check by TCP has not',
      { healthChecks: [{ protocol: 'TCP' }] },
      { healthChecks: [{ protocol: 'TCP', path: '/', ignoreHttp1xx: false, portIndex: 0 }] },
    ],
    [
      'what docker knows and Mesos does not',
      { container: { type: 'MESOS', docker: { image: 'i' } } },
      {
        container: { type: 'MESOS', docker: { image: 'i', privileged: false, parameters: [] }, volumes: [] },
      },
    ],
  ])('is unchanged by %s', (_name, first, again) => {
    const before = made(first);
    expect(sentBack(before, again)).toBe(before);
  });

  it('is shown with the fields that its health checks have', () => {
    const { healthChecks } = made({
      healthChecks: [
        { protocol: 'COMMAND', command: { value: 'true' }, path: '/' },
        { protocol: 'MESOS_HTTP', ignoreHttp1xx: true },
      ],
    });
    const times = {
      gracePeriodSeconds: 300,
      intervalSeconds: 60,
      timeoutSeconds: 20,
      maxConsecutiveFailures: 3,
      delaySeconds: 15,
      ipProtocol: 'IPv4',
    };
    expect(healthChecks).toEqual([
      { ...times, protocol: 'COMMAND', command: { value: 'true' } },
      { ...times, protocol: 'MESOS_HTTP', path: '/', portIndex: 0 },
    ]);
  });

  it('loses its arguments when it is sent with none', () => {
    const before = made({ cmd: undefined, args: ['sleep', '1'] });
    expect(sentBack(before, { args: [], cmd: 'b' })).not.toHaveProperty('args');
  });
});

describe('an app of older words', () => {
  it('unpacks of its uris those that are archives', () => {
    const { fetch } = made({ uris: ['http://h/a.tgz', 'http://h/a.txt'] });
    expect(fetch.map(({ uri, extract }) => [uri, extract])).toEqual([
      ['http://h/a.tgz', true],
      ['http://h/a.txt', false],
    ]);
  });

  it('fetches its uris where there is nothing else to fetch, and goes on fetching what it does where there are none', () => {
    const before = made({ uris: ['http://h/a.txt'], fetch: [] });
    expect(before.fetch.map(({ uri }) => uri)).toEqual(['http://h/a.txt']);
    expect(sentBack(before, { uris: [] })).toBe(before);
    expect(sentBack(before, { fetch: [] }).fetch).toEqual([]);
  });

  it('is on a container network where its network says no mode', () => {
    expect(made({ networks: [{ name: 'dcos' }] }).networks).toEqual([{ mode: 'container', name: 'dcos' }]);
  });
});
