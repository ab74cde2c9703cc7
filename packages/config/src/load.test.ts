import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configWarnings, formatConfig, loadConfig, visibleConfig } from '.';
import type { ConfigError, ConfigSources } from '.';

const machine = { hostname: 'Box.example', username: 'sam', unique: 'abc123' };
const folder = mkdtempSync(join(tmpdir(), 'waiter-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'waiter.yaml');
  writeFileSync(path, content);
  return path;
}

const EAST = '{"east": {"urls": ["http://m:8080"], "token": "t"}}';
const load = (sources: ConfigSources = {}) => loadConfig({ machine, ...sources });

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    load(sources);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('defaults', () => {
  it('are those of the spec, durations in milliseconds', () => {
    const config = load();
    expect(config.cluster).toEqual({ name: 'waiter', servicePrefix: 'waiter-service-', byHost: {} });
    expect(config.router).toMatchObject({ port: 9091, queueTimeoutMs: 300_000, socketTimeoutMs: 900_000 });
    expect(config.scaler).toMatchObject({ tickMs: 1000, renewMs: 500, quanta: { cpus: 64, mem: 524_288 } });
  });

  it('take the machine into account', () => {
    const { router } = load();
    expect(router.id).toBe('Box-abc123');
    expect(router.user).toBe('sam');
    expect(router.hostnames).toEqual(['localhost', '127.0.0.1', 'box.example']);
  });

  it('warn about the default password', () => {
    expect(configWarnings(load())).toHaveLength(1);
    expect(configWarnings(load({ env: { WAITER_PASSWORDS: 'better' } }))).toEqual([]);
  });
});

describe('precedence', () => {
  it('scaling-and-schedulers case 88: is file < environment < flags, option by option', () => {
    const config = load({
      file: file('router: { port: 1, workers: 3, queueTimeout: 1s }'),
      env: { WAITER_ROUTER_PORT: '2', WAITER_ROUTER_QUEUE_TIMEOUT: '2s' },
      flags: { 'router-port': '3' },
    });
    expect(config.router).toMatchObject({ port: 3, workers: 3, queueTimeoutMs: 2000 });
  });

  it('takes an empty variable and an undefined flag for unset', () => {
    const config = load({ env: { WAITER_ROUTER_PORT: '' }, flags: { routerPort: undefined } });
    expect(config.router.port).toBe(9091);
  });
});

describe('reading', () => {
  it('reads JSON files', () => {
    expect(load({ file: file('{"cluster": {"name": "c1"}}') }).cluster.name).toBe('c1');
  });

  it('reads an empty file as no options', () => {
    expect(load({ file: file('') }).cluster.name).toBe('waiter');
  });

  it('takes flags in camelCase, as values, and by their short names', () => {
    const config = load({
      flags: { routerWorkers: 4, redis: 'redis://r:1', marathon: 'http://m1:1, http://m2:2' },
    });
    expect(config.router.workers).toBe(4);
    expect(config.redis.url).toBe('redis://r:1');
    expect(config.marathon.urls).toEqual(['http://m1:1', 'http://m2:2']);
  });

  it('splits lists at commas, or reads a JSON array', () => {
    expect(load({ env: { WAITER_PASSWORDS: 'a,b' } }).passwords).toEqual(['a', 'b']);
    expect(load({ env: { WAITER_PASSWORDS: '["a,b"]' } }).passwords).toEqual(['a,b']);
  });

  it('puts configured host names first', () => {
    expect(load({ env: { WAITER_ROUTER_HOSTNAMES: 'waiter.example' } }).router.hostnames[0]).toBe(
      'waiter.example',
    );
  });

  it('leaves the variables of an instance alone', () => {
    expect(problemsOf({ env: { WAITER_SERVICE_ID: 's', WAITER_CPUS: '1', WAITER_CLUSTER: 'c' } })).toEqual(
      [],
    );
  });
});

describe('problems', () => {
  it('name every unknown name with the nearest known one', () => {
    expect(
      problemsOf({
        file: file('router: { prot: 1 }\nscalr: { tick: 1s }'),
        env: { WAITER_ROUTER_PROT: '1' },
        flags: { 'log-levl': 'info', banana: true },
      }),
    ).toEqual([
      `unknown router.prot in ${join(folder, 'waiter.yaml')}: did you mean router.port?`,
      `unknown scalr in ${join(folder, 'waiter.yaml')}: did you mean scaler?`,
      'unknown environment variable WAITER_ROUTER_PROT: did you mean WAITER_ROUTER_PORT?',
      'unknown flag --log-levl: did you mean --log-level?',
      'unknown flag --banana',
    ]);
  });

  it.each([
    [{ 'router-port': '99999' }, 'flag --router-port: must be less than or equal to 65535'],
    [{ 'router-port': 'x' }, 'flag --router-port: must be a number'],
    [{ 'scaler-tick': '1 parsec' }, /^flag --scaler-tick: "1 parsec" is not a duration: .*"30s"/],
    [{ 'scaler-tick': 5 }, 'flag --scaler-tick: must be a string'],
    [{ 'log-level': 'loud' }, 'flag --log-level: must be one of [debug, info, warn, error]'],
    [
      { redis: 'http://x' },
      /^flag --redis: must be a valid uri with a scheme matching the redis\|rediss pattern/,
    ],
    [{ 'cluster-name': 'a b' }, /cluster-name: with value .* fails to match/],
    [{ 'scaler-renew': '2s' }, /^scaler.renew must be at most half of scaler.lease/],
    [{ 'router-tls-port': '443' }, 'router.tls.port and router.tls.certificates go together'],
    [
      { 'router-backend-tls-ca-file': '/ca.pem' },
      'router.backendTls.caFile is of use only with router.backendTls.verify',
    ],
    [{ 'marathon-username': 'u' }, 'marathon.username and marathon.password go together'],
    [
      { 'marathon-username': 'u', 'marathon-password': 'p', 'marathon-token': 't' },
      'marathon.token and marathon.username exclude each other',
    ],
    [{ 'schedulers-components': EAST }, 'schedulers.default must name one of schedulers.components'],
    [
      { 'schedulers-components': EAST, 'schedulers-default': 'west' },
      'schedulers.default is none of schedulers.components (east)',
    ],
    [{ 'schedulers-for-images': 'x' }, /^schedulers.forImages is none of .* \(there are none\)$/],
    [{ 'schedulers-components': '{"east": {}}' }, 'flag --schedulers-components: is not valid'],
  ])('%j', (flags, problem) => {
    expect(problemsOf({ flags })).toEqual([
      problem instanceof RegExp ? expect.stringMatching(problem) : problem,
    ]);
  });

  it('are none with several schedulers of which one is the default', () => {
    const flags = { 'schedulers-components': EAST, 'schedulers-default': 'east' };
    expect(load({ flags }).schedulers.components).toEqual({
      east: { urls: ['http://m:8080'], token: 't' },
    });
  });

  it('never repeat a secret', () => {
    expect(problemsOf({ flags: { 'marathon-password': ['hunter2'] } }).join()).not.toContain('hunter2');
  });

  it('scaling-and-schedulers case 88: tell of a file that is missing, broken, or no map', () => {
    expect(problemsOf({ file: join(folder, 'none.yaml') })[0]).toContain('cannot read configuration file');
    expect(problemsOf({ file: file('a: [') })[0]).toContain('cannot read configuration file');
    expect(problemsOf({ file: file('just text') })[0]).toContain('is not a map of sections');
    expect(problemsOf({ file: file('router: 1') })[0]).toContain('must be a map of options');
  });
});

describe('descriptions', () => {
  it('know the cluster, the names of the routers and the built-in defaults', () => {
    const { descriptions } = load({ env: { WAITER_CLUSTER_NAME: 'c1' } });
    expect(descriptions).toMatchObject({
      clusterName: 'c1',
      servicePrefix: 'waiter-service-',
      historyLength: 5,
    });
    expect(descriptions.hostnames).toContain('box.example');
    expect(descriptions.defaults).toMatchObject({ 'concurrency-level': 1, 'health-check-url': '/status' });
  });

  it('are laid over the built-in ones name by name', () => {
    const { descriptions } = load({
      file: file('descriptions: { defaults: { concurrency-level: 4 }, constraints: { mem: { max: 64 } } }'),
      env: { WAITER_DESCRIPTIONS_PROFILES: '{"webapp": {"defaults": {"concurrency-level": 120}}}' },
    });
    expect(descriptions.defaults).toMatchObject({ 'concurrency-level': 4, 'health-check-url': '/status' });
    expect(descriptions.constraints).toMatchObject({ mem: { max: 64 }, cpus: { max: 32 } });
    expect(descriptions.profiles['webapp']?.defaults).toEqual({ 'concurrency-level': 120 });
  });

  it.each([
    [{ defaults: { 'concurrency-levl': 1 } }, /defaults in .*: concurrency-levl is not allowed/],
    [{ defaults: { 'concurrency-level': '1' } }, /: concurrency-level must be a number/],
    [{ defaults: { 'scale-factor': 1.5 } }, /: scale-factor must be less than or equal to 1/],
    [{ constraints: { memory: { max: 1 } } }, /: memory is not allowed/],
    [{ profiles: { webapp: { defaults: { colour: 'red' } } } }, /: webapp defaults colour is not allowed/],
    [{ metricGroupMappings: [['(', 'x']] }, /: 0 0 Invalid regular expression/],
  ])('refuse %j', (descriptions, problem) => {
    expect(problemsOf({ file: file(JSON.stringify({ descriptions })) })).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});

describe('formatConfig', () => {
  it('scaling-and-schedulers case 88: masks secrets', () => {
    const text = formatConfig(
      load({
        flags: {
          passwords: 'hunter2',
          redis: 'redis://app:hunter2@db:1',
          marathonUsername: 'u',
          marathonPassword: 'hunter2',
        },
      }),
    );
    expect(text).not.toContain('hunter2');
    expect(text).toContain('url: redis://app:<hidden>@db:1');
  });

  it('masks secrets inside of structured options, and shows the rest', () => {
    const config = load({ flags: { 'schedulers-components': EAST, 'schedulers-default': 'east' } });
    expect(visibleConfig(config)).toMatchObject({
      schedulers: { components: { east: { urls: ['http://m:8080'], token: '<hidden>' } } },
    });
  });

  it('writes what a file can say again', () => {
    const config = load({ flags: { 'scaler-tick': '1500ms', workers: undefined } });
    const visible = { ...visibleConfig(config), passwords: config.passwords };
    expect(load({ file: file(JSON.stringify(visible)) })).toEqual(config);
  });
});
