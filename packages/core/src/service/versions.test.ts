import fc from 'fast-check';
import type { JsonMap, ResolvedService, TokenRecord } from '..';
import {
  builtInSettings,
  currentTokens,
  earlierServices,
  earlierTokens,
  fallbackUntilMs,
  referenceOf,
  resolveService,
  serviceInUse,
  serviceStaleness,
  sourcesStaleness,
  staleDeadlineMs,
  tokenHash,
} from '..';

const settings = builtInSettings('waiter');
const complete = { cmd: 'c', cpus: 1, mem: 256, 'run-as-user': 'u', 'permitted-user': '*' };
const record = (name: string, data: JsonMap): TokenRecord => ({ name, data, hash: tokenHash(data) });
const history = (first: JsonMap, ...later: JsonMap[]): JsonMap =>
  later.reduce<JsonMap>((previous, version) => ({ ...version, previous: { ...previous } }), first);
const at = (ms: number, more: JsonMap = {}): JsonMap => ({
  ...complete,
  version: `v${ms}`,
  'last-update-time': ms,
  ...more,
});
const inputOf = (headers: Record<string, string>, ...tokens: TokenRecord[]) => ({
  headers,
  source: 'waiter-header' as const,
  names: tokens.map(({ name }) => name),
  tokens,
  user: 'u',
});
const versionsOf = (services: Iterable<ResolvedService>): unknown[] =>
  [...services].map(({ core }) => core['version']);

describe('fallback (spec 2.11)', () => {
  test('case 117: walks the history of one token, newest first, within history-length', () => {
    const token = record('t', history(at(1), at(2), at(3), at(4)));
    const services = [...earlierServices(inputOf({}, token), settings)];
    expect(versionsOf(services)).toEqual(['v3', 'v2', 'v1']);
    expect(services[0]?.sourceTokens).toEqual([{ token: 't', version: tokenHash(at(3)) }]);
    const short = { ...settings, historyLength: 2 };
    expect(versionsOf(earlierServices(inputOf({}, token), short))).toEqual(['v3', 'v2']);
  });

  test('case 118: a version that makes no service is skipped', () => {
    const broken = { cmd: 'c', 'last-update-time': 2 };
    const token = record('t', history(at(1), broken, at(3)));
    expect(versionsOf(earlierServices(inputOf({}, token), settings))).toEqual(['v1']);
  });

  test('case 119: the mapping of the earlier version counts', () => {
    const token = record('t', history(at(1, { 'service-mapping': 'exclusive' }), at(2)));
    const [earlier] = earlierServices(inputOf({}, token), settings);
    expect(earlier?.core['env']).toEqual({ WAITER_CONFIG_TOKEN: 't' });
  });

  test('headers of the request are part of every earlier service', () => {
    const token = record('t', history(at(1), at(2)));
    const [earlier] = earlierServices(inputOf({ 'x-waiter-env-a': 'b' }, token), settings);
    expect(earlier?.core).toMatchObject({ version: 'v1', env: { A: 'b' } });
  });

  test('several tokens go back through the states that the sequence was in', () => {
    const a = record('a', history({ cpus: 1, 'last-update-time': 1 }, { cpus: 2, 'last-update-time': 30 }));
    const b = record('b', history({ mem: 5, 'last-update-time': 5 }, { mem: 6, 'last-update-time': 20 }));
    const states = [...earlierTokens([a, b], 5)].map((tokens) =>
      tokens.map(({ data }) => data['cpus'] ?? data['mem']),
    );
    expect(states).toEqual([
      [1, 6],
      [1, 5],
    ]);
  });

  test('a walk ends, is in order of time, and never leaves a state twice', () => {
    const times = fc
      .uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 6 })
      .map((list) => list.sort((x, y) => x - y));
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 4 }), fc.nat(8), (tokens, steps) => {
        const records = tokens.map((list, i) =>
          record(`t${i}`, history(at(list[0] ?? 0), ...list.slice(1).map((ms) => at(ms)))),
        );
        const walked = [...earlierTokens(records, steps)];
        expect(walked.length).toBeLessThanOrEqual(steps);
        const newest = [records, ...walked].map((state) =>
          Math.max(...state.map(({ data }) => Number(data['last-update-time']))),
        );
        expect(newest).toEqual([...newest].sort((x, y) => y - x));
        expect(new Set(walked.map((state) => state.map(({ hash }) => hash).join())).size).toBe(walked.length);
      }),
    );
  });

  test('case 117: the window is counted from the newest update, the header beats the token, zero is none', () => {
    const until = (headers: Record<string, string>, data: JsonMap): number =>
      fallbackUntilMs(headers, resolveService(inputOf(headers, record('t', data)), settings));
    const header = (value: string) => ({ 'x-waiter-fallback-period-secs': value });
    expect(until({}, at(1000))).toBe(301_000);
    expect(until({}, at(1000, { 'fallback-period-secs': 30 }))).toBe(31_000);
    expect(until({}, at(1000, { 'fallback-period-secs': 0 }))).toBe(0);
    expect(until(header('0'), at(1000))).toBe(0);
    expect(until(header('7'), at(1000))).toBe(8_000);
    for (const value of ['-1', 'x', '', 'true']) expect(until(header(value), at(1000))).toBe(301_000);
    expect(until({}, { ...complete, version: '1' })).toBe(0);
  });

  test('the latest serves where it is healthy, and where nothing is', () => {
    const input = inputOf({}, record('t', history(at(1), at(2), at(3))));
    const latest = resolveService(input, settings);
    const earlier = [...earlierServices(input, settings)];
    const chosen = (...healthy: (ResolvedService | undefined)[]): unknown =>
      serviceInUse(latest, earlier, (id) => healthy.some((service) => service?.serviceId === id)).core[
        'version'
      ];
    expect(chosen(latest, earlier[0])).toBe('v3');
    expect(chosen()).toBe('v3');
    expect(chosen(earlier[1])).toBe('v1');
    expect(chosen(earlier[0], earlier[1])).toBe('v2');
  });
});

describe('staleness (spec 5.8)', () => {
  const tokens: Record<string, JsonMap> = {
    t: history(at(10), at(20), at(30)),
    u: at(5),
    gone: history(at(10), { ...at(40), deleted: true }),
  };
  const lookup = (name: string): JsonMap | null =>
    Object.hasOwn(tokens, name) ? (tokens[name] ?? null) : null;
  const source = (token: string, data: JsonMap | string) => ({
    token,
    version: typeof data === 'string' ? data : (tokenHash(data) ?? ''),
  });
  const [v10, v20, v30] = [at(10), at(20), at(30)];

  test.each([
    ['the present version', [source('t', v30)], false, null],
    ['the version before', [source('t', v20)], true, 30],
    ['an older version', [source('t', v10)], true, 20],
    ['a version that history has forgotten: the oldest update known', [source('t', 'E-0')], true, 10],
    ['one of two tokens is current', [source('t', v10), source('u', at(5))], false, null],
    ['both have moved on: the later one counts', [source('t', v10), source('u', 'E-1')], true, 20],
    ['a token that was deleted: since then', [source('gone', at(10))], true, 40],
    ['a token that was removed with its history', [source('never', 'E-1')], true, null],
    ['a service entry alone', [source('^SERVICE-ID#x', 'E-1')], true, null],
    [
      'a service entry beside a current token',
      [source('^SERVICE-ID#x', 'E-1'), source('u', at(5))],
      false,
      null,
    ],
  ])('%s', (_name, sources, stale, sinceMs) => {
    expect(sourcesStaleness(sources, lookup)).toEqual({ stale, sinceMs });
  });

  test('a service is stale when all its references are, since the last of them', () => {
    const of = (...sets: (typeof v10 | [])[]) =>
      serviceStaleness(
        sets.map((set) => referenceOf(Array.isArray(set) ? [] : [source('t', set)])),
        lookup,
      );
    expect(of()).toEqual({ stale: false, sinceMs: null });
    expect(of(v10, v20)).toEqual({ stale: true, sinceMs: 30 });
    expect(of(v10, v30).stale).toBe(false);
    expect(of(v10, []).stale).toBe(false);
  });

  test('case 121: it may stay for the fallback window and stale-timeout-mins of the present token', () => {
    const deadline = (
      sets: (readonly { token: string; version: string }[])[],
      sinceMs: number | null,
      more = {},
    ) =>
      staleDeadlineMs(
        sets.map(referenceOf),
        sinceMs,
        7,
        (name) => ({ ...(lookup(name) ?? {}), ...(name === 't' ? more : {}) }),
        settings,
      );
    const old = [source('t', v10)];
    expect(deadline([old], 20)).toBe(20 + 300_000 + 15 * 60_000);
    const quick = { 'fallback-period-secs': 0, 'stale-timeout-mins': 0 };
    expect(deadline([old], 20, quick)).toBe(20);
    expect(deadline([old], null, quick)).toBe(7);
    expect(deadline([old, [source('u', 'E-1')]], 20, quick)).toBe(20 + 300_000 + 15 * 60_000);
    expect(deadline([[source('^SERVICE-ID#x', 'E-1')]], null)).toBe(7 + 15 * 60_000);
    expect(deadline([old], 20, { ...quick, profile: 'not-configured' })).toBe(20);
  });

  test('case 115: current-for-tokens has the tokens of wholly current sets', () => {
    const versionOf = (name: string): string | null => tokenHash(lookup(name) ?? { deleted: true });
    const both = referenceOf([source('t', v30), source('u', at(5))]);
    expect(currentTokens([both, referenceOf([])], versionOf)).toEqual(['t', 'u']);
    expect(currentTokens([referenceOf([source('t', v20), source('u', at(5))])], versionOf)).toEqual([]);
    expect(currentTokens([{}, { image: 'x' }], versionOf)).toEqual([]);
  });
});
