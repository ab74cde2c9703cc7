import { builtInSettings, referenceOf, type Json } from '@waiter/core';
import { rebuildService } from '../service/record';
import { Service, type Stale } from '../service/service';
import { tokenToStart } from '../stale/start-new';
import { outlook } from './reasons';

const RULES = { brokenServiceTimeoutMs: 1_800_000, brokenServiceMinHosts: 1 };
const MINUTE = 60_000;

function make(stale: Stale | null, more: Readonly<Record<string, Json>> = {}): Service {
  const described = rebuildService('s', { cmd: 'c', cpus: 1, mem: 1, ...more }, builtInSettings('c'), 0);
  const service = new Service(described, 0);
  service.stale = stale;
  return service;
}
const reason = (service: Service, nowMs: number) => outlook(service, null, RULES, nowMs).why;

describe('why a service that nobody uses goes (spec 5.9)', () => {
  test('after its idle timeout, and never with 0', () => {
    expect(reason(make(null), 30 * MINUTE)).toBeNull();
    expect(reason(make(null), 30 * MINUTE + 1)).toBe('idle');
    expect(reason(make(null, { 'idle-timeout-mins': 0 }), 1e12)).toBeNull();
  });

  test('services-and-tokens case 121: a stale one at its own deadline, be the idle timeout shorter, longer or none', () => {
    for (const idle of [0, 1, 43_200]) {
      const service = make({ sinceMs: 10 * MINUTE, graceMs: 5 * MINUTE }, { 'idle-timeout-mins': idle });
      expect(reason(service, 15 * MINUTE)).toBeNull();
      expect(reason(service, 15 * MINUTE + 1)).toBe('stale');
    }
    const unknown = make({ sinceMs: null, graceMs: MINUTE });
    expect([reason(unknown, MINUTE), reason(unknown, MINUTE + 1)]).toEqual([null, 'stale']);
  });

  test('nothing that is used goes', () => {
    const service = make({ sinceMs: 0, graceMs: 0 });
    service.load = {
      inFlight: 1,
      queued: 0,
      oldestWaitMs: 0,
      total: 1,
      lastRequestAtMs: 1,
      inFlightMs: 0,
      demandMs: 0,
    };
    expect(reason(service, 1e12)).toBeNull();
  });
});

test('case 56: the latest version is started for one token, used since its service went stale (spec 5.10)', () => {
  const source = (token: string, version = '1') => ({ token, version });
  const start = (stale: Stale | null, sets: { token: string; version: string }[][], requestedAtMs = 10) => {
    const service = make(stale);
    service.references = sets.map(referenceOf);
    return tokenToStart(service, requestedAtMs);
  };
  const since = (sinceMs: number | null): Stale => ({ sinceMs, graceMs: 0 });
  expect(start(since(10), [[source('t')], [source('t', '2')]])).toBe('t');
  expect(start(since(null), [[source('t')]])).toBe('t');
  expect(start(since(10), [[source('t')], [source('^SERVICE-ID#s')]])).toBe('t');
  expect(start(since(11), [[source('t')]])).toBeNull();
  expect(start(null, [[source('t')]])).toBeNull();
  expect(start(since(1), [[source('t'), source('u')]])).toBeNull();
  expect(start(since(1), [[source('^SERVICE-ID#s')]])).toBeNull();
});
