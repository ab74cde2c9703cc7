import fc from 'fast-check';
import type { DescriptionSettings, HeaderMap, Json, JsonMap, ResolvedService } from '..';
import {
  builtInSettings,
  descriptionHeaders,
  discoverTokens,
  isMissingRunAsUser,
  mergeParameters,
  pick,
  resolveService,
  SERVICE_PARAMETERS,
  tokenHash,
  WaiterError,
} from '..';

const without = <T>(map: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  pick(map, (k) => k !== key);
const complete = { cmd: 'c', cpus: 1, mem: 256, version: 'v' };
const builtIn = builtInSettings('waiter');
const profiles = {
  webapp: { defaults: { cmd: 'web-cmd', 'concurrency-level': 120, 'fallback-period-secs': 7 } },
};
const base: DescriptionSettings = { ...builtIn, profiles };

interface Scene {
  headers?: HeaderMap;
  tokens?: Record<string, JsonMap>;
  user?: string | null;
  settings?: DescriptionSettings;
  consented?: boolean;
}

function resolve({
  headers = {},
  tokens = {},
  user = 'u',
  settings = base,
  consented = false,
}: Scene): ResolvedService {
  const { source, names } = discoverTokens(headers, settings.hostnames);
  const records = names.map((name) => {
    const data = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
    return data === undefined ? null : { name, data, hash: tokenHash(data) };
  });
  return resolveService({ headers, source, names, tokens: records, user, consented }, settings);
}

function failure(scene: Scene): WaiterError {
  try {
    resolve(scene);
  } catch (error) {
    if (error instanceof WaiterError) return error;
    throw error;
  }
  throw new Error('resolved');
}

describe('who the service runs as and who may use it (spec 6.11)', () => {
  const settings = { ...base, defaults: { ...base.defaults, 'permitted-user': 'bob' } };
  const rest = { cpus: 1, mem: 1, version: 'v' };
  const tu = { 'run-as-user': 'tu', 'permitted-user': 'tu' };
  const byHeader = {
    'x-waiter-cpus': '1',
    'x-waiter-mem': '1',
    'x-waiter-version': 'v',
    'x-waiter-cmd': 'c',
  };
  const cases: [number, JsonMap | null, HeaderMap, string, string][] = [
    [172, { cmd: 'c' }, { 'x-waiter-token': 't' }, 'u', 'u'],
    [173, { cmd: 'c', ...tu }, { 'x-waiter-token': 't' }, 'tu', 'tu'],
    [174, { cmd: 'c', ...tu }, { 'x-waiter-token': 't', 'x-waiter-run-as-user': 'r' }, 'r', 'u'],
    [176, null, { ...byHeader, 'x-waiter-run-as-user': 'r' }, 'r', 'u'],
    [177, { cmd: 'c', 'run-as-user': 'alice' }, { host: 't', 'x-waiter-run-as-user': 'chris' }, 'chris', 'u'],
    [178, { cmd: 'c', 'run-as-user': 'alice' }, { host: 't', 'x-waiter-run-as-user': '*' }, 'u', 'u'],
    [180, { cmd: 'c', 'run-as-user': '*' }, { 'x-waiter-token': 't' }, 'u', 'u'],
    [
      181,
      { 'run-as-user': 'tr' },
      { host: 't', 'x-waiter-cmd': 'c', 'x-waiter-run-as-user': '*', 'x-waiter-permitted-user': 'alice' },
      'u',
      'alice',
    ],
    [
      182,
      { cmd: 'c', 'run-as-user': '*', 'permitted-user': '*' },
      { host: 't', 'x-waiter-run-as-user': 'h' },
      'h',
      'u',
    ],
  ];
  test.each(cases)('case %i', (_number, token, headers, runAsUser, permittedUser) => {
    const tokens = token === null ? {} : { t: { ...rest, ...token } };
    const { effective } = resolve({ headers, tokens, settings });
    expect([effective['run-as-user'], effective['permitted-user']]).toEqual([runAsUser, permittedUser]);
  });

  test.each([
    [171, { cmd: 'c' }, {}],
    [175, { cmd: 'c' }, { 'x-waiter-dummy': 'x' }],
    [179, { cmd: 'c', 'run-as-user': '*' }, {}],
  ])('case %i: nobody to run as, the consent page is called for', (_number, token, headers) => {
    const scene = { headers: { host: 't', ...headers }, tokens: { t: { ...rest, ...token } }, settings };
    expect(isMissingRunAsUser(failure(scene))).toBe(true);
  });

  test('case 186: with consent it runs as the requester', () => {
    const scene = { headers: { host: 't' }, tokens: { t: { ...rest, cmd: 'c' } }, settings, consented: true };
    expect(resolve(scene).effective).toMatchObject({ 'run-as-user': 'u', 'permitted-user': 'u' });
  });

  test('an unauthenticated request never runs as the user of a token it adds headers to', () => {
    const tokens = { t: { ...complete, 'run-as-user': 'alice' } };
    const headers = { host: 't', 'x-waiter-env-foo': 'x' };
    expect(failure({ headers, tokens, user: null }).status).toBe(403);
  });
});

describe('merging (spec 2.2, 6.7, 6.11)', () => {
  const user = { 'run-as-user': 'u' };

  test('case 183: metadata by header replaces the map of the token', () => {
    const tokens = { t: { ...complete, metadata: { a: 'b', c: 'd' } } };
    const { core } = resolve({ headers: { host: 't', 'x-waiter-metadata-e': 'f' }, tokens });
    expect(core['metadata']).toEqual({ e: 'f' });
  });

  test('case 184: metadata keys are lower-cased', () => {
    const tokens = { t: { ...complete, metadata: { Abc: 'DEF' } } };
    expect(resolve({ headers: { 'x-waiter-token': 't' }, tokens }).core['metadata']).toEqual({ abc: 'DEF' });
  });

  test('cases 132, 185: a profile is below the token and not part of the core', () => {
    const rest = without(complete, 'cmd');
    const tokens = { t: { ...rest, ...user, profile: 'webapp' } };
    const plain = resolve({ headers: { host: 't' }, tokens });
    expect(plain.effective).toMatchObject({ cmd: 'web-cmd', 'concurrency-level': 120 });
    expect(plain.core).toEqual({ ...rest, ...user, profile: 'webapp' });
    expect(plain.tokenMetadata['fallback-period-secs']).toBe(7);
    const byHeader = resolve({ headers: { host: 't', 'x-waiter-cmd': 'c' }, tokens });
    expect(byHeader.effective['cmd']).toBe('c');
    expect(
      failure({ headers: { host: 't' }, tokens: { t: { ...tokens.t, profile: 'gone' } } }).message,
    ).toContain('Unsupported profile: gone, supported profile(s) are webapp');
  });

  test('cases 114, 115: several tokens, the later one wins, each completes the other', () => {
    const t1 = { 'service-mapping': 'legacy', cpus: 1, mem: 2, env: { A: '1', B: '1' }, ...user };
    const t2 = { 'service-mapping': 'exclusive', cmd: 'c', version: 'v', env: { B: '2' } };
    const one = resolve({ headers: { 'x-waiter-token': 't1,t2' }, tokens: { t1, t2 } });
    expect(one.core['env']).toEqual({ A: '1', B: '2', WAITER_CONFIG_TOKEN: 't1,t2' });
    expect(one.sourceTokens).toEqual([
      { token: 't1', version: tokenHash(t1) },
      { token: 't2', version: tokenHash(t2) },
    ]);
    const other = resolve({ headers: { 'x-waiter-token': 't2,t1' }, tokens: { t1, t2 } });
    expect(other.core['env']).toEqual({ A: '1', B: '1' });
    expect(other.serviceId).not.toBe(one.serviceId);
  });

  test('cases 112, 113, 189: service mapping', () => {
    const idOf = (name: string, data: JsonMap, settings = base): ResolvedService =>
      resolve({ headers: { host: name }, tokens: { [name]: { ...complete, ...user, ...data } }, settings });
    expect(idOf('a', {}).serviceId).toBe(idOf('b', {}).serviceId);
    const exclusive = { 'service-mapping': 'exclusive' };
    expect(idOf('a', exclusive).serviceId).not.toBe(idOf('b', exclusive).serviceId);
    expect(idOf('a', exclusive).core['env']).toEqual({ WAITER_CONFIG_TOKEN: 'a' });
    const byTime = { 'service-mapping': 'default', 'last-update-time': 2000 };
    expect(idOf('a', byTime).core['env']).toBeUndefined();
    const past = { ...base, exclusivePromotionStartTimeMs: 1000 };
    expect(idOf('a', byTime, past).core['env']).toEqual({ WAITER_CONFIG_TOKEN: 'a' });
  });

  test('case 190: exclusive with a description header', () => {
    const tokens = { t: { ...complete, ...user, 'permitted-user': '*', 'service-mapping': 'exclusive' } };
    const service = resolve({ headers: { host: 't', 'x-waiter-cpus': '2' }, tokens });
    expect(service.core).toMatchObject({ env: { WAITER_CONFIG_TOKEN: 't' }, 'permitted-user': 'u', cpus: 2 });
    expect(service.preAuthorised).toBe(false);
  });

  test('case 191: what a token grants', () => {
    const grants = (data: JsonMap, headers: HeaderMap = {}, settings = base): boolean[] => {
      const service = resolve({
        headers: { 'x-waiter-token': 't', ...headers },
        tokens: { t: { ...complete, ...data } },
        settings,
      });
      return [service.preAuthorised, service.authenticationDisabled];
    };
    const open = { ...user, 'permitted-user': '*' };
    expect(grants(open)).toEqual([true, false]);
    expect(grants({ ...open, 'run-as-user': '*' })).toEqual([false, false]);
    expect(grants(open, { 'x-waiter-cpus': '2' })).toEqual([false, false]);
    expect(grants({ ...open, 'allowed-params': ['A'] }, { 'x-waiter-param-a': 'x' })).toEqual([true, false]);
    expect(grants({ ...open, authentication: 'disabled' })).toEqual([true, true]);
    expect(grants(user)).toEqual([true, false]);
    const defaults = without(base.defaults, 'permitted-user');
    expect(grants(user, {}, { ...base, defaults })).toEqual([false, false]);
  });

  test('case 199: min-instances yields to max-instances', () => {
    const settings = { ...base, defaults: { ...base.defaults, 'min-instances': 3 } };
    const min = (headers: HeaderMap): Json | undefined =>
      resolve({ headers: { host: 't', ...headers }, tokens: { t: { ...complete } }, settings }).effective[
        'min-instances'
      ];
    expect(min({ 'x-waiter-max-instances': '2' })).toBe(2);
    expect(min({ 'x-waiter-max-instances': '2', 'x-waiter-min-instances': '1' })).toBe(1);
    expect(min({ 'x-waiter-max-instances': '10' })).toBe(3);
  });

  test('case 192: overrides are effective and leave core and id alone', () => {
    const tokens = [{ name: 't', data: { ...complete, ...user }, hash: 'E-1' }];
    const input = { headers: { host: 't' }, source: 'host-header', names: ['t'], tokens, user: 'u' } as const;
    const plain = resolveService(input, base);
    const overridden = resolveService({ ...input, overridesOf: () => ({ 'scale-factor': 0.3 }) }, base);
    expect(overridden.effective['scale-factor']).toBe(0.3);
    expect(overridden.compiled.scaleFactor).toBe(0.3);
    expect([overridden.core, overridden.serviceId]).toEqual([plain.core, plain.serviceId]);
  });

  test('merge order: the last layer that has a key gives it, env key by key', () => {
    const layer = fc.record(
      {
        cmd: fc.string(),
        cpus: fc.integer(),
        env: fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.string()),
        metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.string()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), (layers) => {
        const merged = (layers as JsonMap[]).reduce(mergeParameters, {});
        const last = (pick: (layer: JsonMap) => Json | undefined): Json | undefined =>
          (layers as JsonMap[]).map(pick).findLast((value) => value !== undefined);
        expect(merged['cmd']).toEqual(last((l) => l['cmd']));
        expect(merged['cpus']).toEqual(last((l) => l['cpus']));
        for (const [map, key] of [
          ['env', 'A'],
          ['env', 'C'],
          ['metadata', 'b'],
        ] as const) {
          const read = (l: JsonMap): Json | undefined => (l[map] as JsonMap | undefined)?.[key];
          expect(read(merged)).toEqual(last(read));
        }
      }),
    );
  });
});

describe('on-the-fly headers (spec 6.7, 6.8)', () => {
  const byHeader = {
    'x-waiter-cmd': 'c',
    'x-waiter-cpus': '0.1',
    'x-waiter-mem': '256',
    'x-waiter-version': '1',
  };

  test('cases 130, 133: a whole description', () => {
    const { core, serviceId, onTheFly, sourceTokens, compiled } = resolve({
      headers: { ...byHeader, 'x-waiter-name': 'My.App' },
    });
    expect(core).toEqual({
      cmd: 'c',
      cpus: 0.1,
      mem: 256,
      version: '1',
      name: 'My.App',
      'run-as-user': 'u',
      'permitted-user': 'u',
    });
    expect(serviceId).toMatch(/^waiter-service-myapp-[0-9a-f]{32}$/);
    expect([onTheFly, sourceTokens, compiled.metricGroup]).toEqual([true, [], 'other']);
  });

  test('case 131: a default that is stated makes another service', () => {
    const stated = resolve({ headers: { ...byHeader, 'x-waiter-concurrency-level': '1' } });
    expect(stated.serviceId).not.toBe(resolve({ headers: byHeader }).serviceId);
    expect(stated.core['concurrency-level']).toBe(1);
  });

  test('case 104: a missing parameter is told by its line', () => {
    const rest = without(byHeader, 'x-waiter-cmd');
    const error = failure({ headers: { ...rest, authorization: 'secret', accept: 'x' } });
    expect(error.message).toContain('cmd must be a non-empty string');
    expect(error.errorClass).toBe('waiter.ServiceMisconfigured');
    expect(error.details['non-waiter-headers']).toEqual({ accept: 'x' });
  });

  test('cases 136, 137: metadata and env', () => {
    const headers = {
      ...byHeader,
      'x-waiter-metadata-begindate': '20160713201333949',
      'x-waiter-env-begin_date': '201607132013',
    };
    const { core } = resolve({ headers });
    expect(core['metadata']).toEqual({ begindate: '20160713201333949' });
    expect(core['env']).toEqual({ BEGIN_DATE: '201607132013' });
  });

  test('case 138: only the bad variables are named', () => {
    const names = ['begin-date', '1_invalid', '123456', 'end-date', 'foo', 'fee_fie'];
    const headers = {
      ...byHeader,
      ...Object.fromEntries(names.map((name) => [`x-waiter-env-${name}`, 'x'])),
    };
    const { message } = failure({ headers });
    expect(message).toContain('The following environment variable keys are invalid:');
    for (const name of ['1_INVALID', '123456', 'BEGIN-DATE', 'END-DATE']) expect(message).toContain(name);
    expect(message).not.toMatch(/foo|fee_fie/i);
  });

  test('case 139: a zero idle timeout by header, but not by token', () => {
    expect(failure({ headers: { ...byHeader, 'x-waiter-idle-timeout-mins': '0' } }).message).toBe(
      'idle-timeout-mins on-the-fly header configured to a value of zero is not supported',
    );
    expect(failure({ headers: { ...byHeader, 'x-waiter-idle-timeout-mins': 'soon' } }).status).toBe(400);
    const tokens = { t: { ...complete, 'idle-timeout-mins': 0 } };
    expect(resolve({ headers: { 'x-waiter-token': 't' }, tokens }).compiled.idleTimeoutMs).toBe(0);
  });

  test('case 140: numbers', () => {
    const headers = {
      ...byHeader,
      'x-waiter-restart-backoff-factor': '2.5',
      'x-waiter-ports': '3',
      'x-waiter-health-check-port-index': '2',
    };
    expect(resolve({ headers }).core).toMatchObject({
      'restart-backoff-factor': 2.5,
      ports: 3,
      'health-check-port-index': 2,
    });
  });

  test('case 141: an unsupported header', () => {
    const error = failure({ headers: { ...byHeader, 'x-waiter-maintenance': 'some value' } });
    expect(error.message).toBe('Unsupported waiter headers found');
    expect(error.details['unsupported-headers-in-request']).toEqual(['x-waiter-maintenance']);
  });

  test('case 107: nothing that makes a service', () => {
    for (const host of ['missing_token', 'bad/token']) {
      const error = failure({ headers: { host } });
      expect(error.message).toBe('Unable to identify service using waiter headers/token');
      expect(error.errorClass).toBe('waiter.ServiceUnknown');
      expect(failure({ headers: { host, 'x-waiter-cpus': '1' } }).message).toContain('improperly configured');
    }
  });

  test.each(['missing_token', 'bad#token', 'bad/token'])('case 108: x-waiter-token: %s', (name) => {
    const error = failure({ headers: { 'x-waiter-token': name, host: 't' }, tokens: { t: complete } });
    expect([error.status, error.message]).toEqual([404, `Token not found: ${name}`]);
  });

  test('cases 110, 111: params', () => {
    const tokens = {
      t: {
        ...complete,
        'run-as-user': 'tr',
        'allowed-params': ['FAA', 'FEE', 'FOO'],
        env: { BINARY: 'b', FEE: '1' },
      },
      none: { ...complete, 'run-as-user': 'tr' },
    };
    const run = (headers: HeaderMap, name = 't'): ResolvedService =>
      resolve({ headers: { 'x-waiter-token': name, ...headers }, tokens });
    const refused = [
      { 'x-waiter-token': 't', 'x-waiter-param-my_variable': 'x' },
      { 'x-waiter-token': 't', 'x-waiter-param-fee': 'x', 'x-waiter-allowed-params': '' },
      { 'x-waiter-token': 'none', 'x-waiter-param-fee': 'x' },
    ];
    for (const headers of refused)
      expect(failure({ headers, tokens }).message).toBe('Some params cannot be configured');
    const fee = run({ 'x-waiter-param-fee': 'value-1p' });
    expect(fee.core['env']).toEqual({ BINARY: 'b', FEE: 'value-1p' });
    expect([fee.core['run-as-user'], fee.preAuthorised]).toEqual(['tr', true]);
    const widened = run({ 'x-waiter-param-fee': 'value-1p', 'x-waiter-allowed-params': 'FOO,FEE' });
    expect(widened.core).toMatchObject({ 'allowed-params': ['FEE', 'FOO'], 'run-as-user': 'u' });
    const ids = [run({}), fee, widened, run({ 'x-waiter-param-fee': 'a', 'x-waiter-param-foo': 'b' })].map(
      (s) => s.serviceId,
    );
    expect(new Set(ids).size).toBe(4);
  });

  test('case 187: params alone leave the token its user; with any other header the requester is the user', () => {
    const data = {
      ...complete,
      'run-as-user': 'tr',
      'allowed-params': ['FOO'],
      env: { FOO: 'token', A: 'a' },
    };
    const run = (headers: HeaderMap) => resolve({ headers: { host: 't', ...headers }, tokens: { t: data } });
    const params = run({ 'x-waiter-param-foo': 'header' });
    expect(params.core).toMatchObject({ 'run-as-user': 'tr', env: { FOO: 'header', A: 'a' } });
    expect([params.onTheFly, params.preAuthorised]).toEqual([false, true]);
    for (const more of [
      { 'x-waiter-env-b': 'b' },
      { 'x-waiter-cpus': '2' },
      { 'x-waiter-metadata-a': 'b' },
    ]) {
      const both = run({ 'x-waiter-param-foo': 'header', ...more });
      expect([both.core['run-as-user'], both.preAuthorised]).toEqual(['u', false]);
    }
  });

  test('case 188: on the fly by the name of any service parameter, or of the token', () => {
    const onTheFly = (headers: HeaderMap): boolean => descriptionHeaders(headers).onTheFly;
    for (const { name } of SERVICE_PARAMETERS) expect(onTheFly({ [`x-waiter-${name}`]: 'x' })).toBe(true);
    expect(onTheFly({ 'x-waiter-token': 't' })).toBe(true);
    for (const name of ['x-waiter-dummy', 'x-waiter-env-a', 'cmd', 'token', 'x-waiter-']) {
      expect(onTheFly({ [name]: 'x' })).toBe(false);
    }
  });

  test('case 106: a service entry leads to the same service and is not validated again', () => {
    const original = resolve({ headers: byHeader });
    const name = `^SERVICE-ID#${original.serviceId}`;
    const strict = { ...base, constraints: { mem: { max: 1 } } };
    const again = resolve({
      headers: { 'x-waiter-token': name },
      tokens: { [name]: original.core },
      settings: strict,
    });
    expect(again.serviceId).toBe(original.serviceId);
  });

  test('a token in maintenance closes the whole sequence', () => {
    const tokens = { a: { ...complete, 'run-as-user': 'u', maintenance: { message: 'm' } }, b: { cpus: 2 } };
    const { tokenMetadata } = resolve({ headers: { 'x-waiter-token': 'a,b' }, tokens });
    expect(tokenMetadata).toMatchObject({
      maintenance: { message: 'm' },
      owner: 'u',
      'queue-timeout-ms': 300000,
    });
  });
});

test('any headers give a service or a WaiterError 4xx', () => {
  const names = [
    ...SERVICE_PARAMETERS.map(({ name }) => name),
    ...[
      'env-a',
      'env-__proto__',
      'metadata-a',
      'metadata-__proto__',
      'param-x',
      'param-__proto__',
      'token',
      'dummy',
    ],
  ];
  const value = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('1', '0.5', 'c', '*', '{}', '1e999', '['.repeat(9000)),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 }), (given) => {
      const headers = Object.fromEntries(
        Object.entries(given).map(([name, text]) => [`x-waiter-${name}`, text]),
      );
      try {
        resolve({ headers, tokens: { c: { ...complete, 'allowed-params': ['X'] } } });
      } catch (error) {
        expect(error).toBeInstanceOf(WaiterError);
        expect((error as WaiterError).status).toBeLessThan(500);
        JSON.stringify((error as WaiterError).details);
      }
    }),
    { numRuns: 1_500 },
  );
});
