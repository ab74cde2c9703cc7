import { builtInSettings, type Instance, type Json } from '@waiter/core';
import { NO_LOAD } from '@waiter/store';
import { rebuildService } from '../service/record';
import { Service, type Stale } from '../service/service';
import { BrokenServices } from './broken';
import { outlook, type Why } from './reasons';

const MINUTE = 60_000;
const RULES = { brokenServiceTimeoutMs: 5 * MINUTE, brokenServiceMinHosts: 3 };

function make(parameters: Readonly<Record<string, Json>> = {}, stale: Stale | null = null): Service {
  const described = rebuildService(
    's',
    { cmd: 'c', cpus: 1, mem: 1, ...parameters },
    builtInSettings('c'),
    0,
  );
  const service = new Service(described, 0);
  service.stale = stale;
  return service;
}

/** Looks at the service every minute, as the collection does, until it goes. @returns the minute, or null */
function goes(
  service: Service,
  minutes: number,
  happens: (service: Service, minute: number) => void,
  broken = new BrokenServices(),
): { minute: number; why: Why } | null {
  for (let minute = 1; minute <= minutes; minute++) {
    const nowMs = minute * MINUTE;
    happens(service, minute);
    if (service.outstanding > 0) {
      service.state = {
        targetInstances: 1,
        evaluatedAtMs: nowMs,
        lastBusyAtMs: nowMs,
        lastKillAtMs: null,
        scaleAmount: 0,
        scaleToInstances: 1,
        label: 'stable',
      };
    }
    const { why } = outlook(service, broken.observe(service, RULES, nowMs), RULES, nowMs);
    if (why !== null) return { minute, why };
  }
  return null;
}
const uses = (service: Service, outstanding: number): void => {
  service.load = { ...NO_LOAD, inFlight: outstanding };
};
const failsOn = (service: Service, host: string, minute: number): void => {
  const id = `s.${host}.${minute}`;
  const failed: Instance = {
    id,
    serviceId: 's',
    host,
    port: 1,
    extraPorts: [],
    startedAtMs: 0,
    healthy: false,
    flags: [],
    healthCheckStatus: null,
    exitCode: 1,
    message: null,
    logDirectory: null,
  };
  service.departed.fail(failed, minute * MINUTE);
};

describe('idle services', () => {
  const FIFTY = { 'idle-timeout-mins': 50 };

  test('case 47: go 50 minutes after the last change; what is in use stays', () => {
    expect(goes(make(FIFTY), 100, (s, minute) => uses(s, minute <= 20 ? 1 : 0))).toEqual({
      minute: 71,
      why: 'idle',
    });
    expect(goes(make(FIFTY), 100, (s, minute) => uses(s, 200 - minute))).toBeNull();
    expect(goes(make({ 'idle-timeout-mins': 0 }), 100, () => undefined)).toBeNull();
  });

  test('case 47: without reports what was known of their use stays; the last request never goes back', () => {
    const service = make(FIFTY);
    const found = goes(service, 100, (s, minute) => {
      if (minute <= 10) s.load = { ...NO_LOAD, inFlight: 1, lastRequestAtMs: minute * MINUTE };
      else if (minute === 11) s.load = { ...NO_LOAD, lastRequestAtMs: 5 * MINUTE };
      else s.load = null;
    });
    expect(found?.minute).toBe(61);
  });

  test('case 48: a service that nobody ever used goes after its timeout', () => {
    expect(goes(make(FIFTY), 100, (s) => uses(s, 0))?.minute).toBe(51);
  });

  test('case 50: an unchanged state keeps its time, whoever looks how often', () => {
    const service = make(FIFTY);
    const entry = (nowMs: number) => outlook(service, null, RULES, nowMs).entries.services;
    expect(entry(MINUTE)).toEqual(entry(40 * MINUTE));
    uses(service, 1);
    expect(entry(41 * MINUTE)?.modifiedAtMs).toBe(41 * MINUTE);
  });
});

describe('broken services', () => {
  const grace = (minutes: number) => ({ 'grace-period-secs': minutes * 60, 'idle-timeout-mins': 0 });

  test('case 49: failed on enough hosts, they go after the timeout and their grace period', () => {
    const fail = (s: Service, minute: number): void => failsOn(s, `host-${minute % 3}`, minute);
    expect(goes(make(grace(1)), 100, fail)).toEqual({ minute: 10, why: 'broken' });
    expect(goes(make(grace(30)), 100, fail)).toEqual({ minute: 39, why: 'broken' });
    expect(goes(make(grace(60)), 60, fail)).toBeNull();
  });

  test('case 49: never for failures on one host, nor while something is healthy', () => {
    expect(goes(make(grace(1)), 100, (s, minute) => failsOn(s, 'one', minute))).toBeNull();
    const serving = goes(make(grace(1)), 100, (s, minute) => {
      failsOn(s, `host-${minute % 3}`, minute);
      s.noteActive(
        {
          ...(s.departed.failed[0] as Instance),
          id: 'well',
          healthy: true,
          exitCode: null,
        },
        minute,
      );
    });
    expect(serving).toBeNull();
  });

  test('further failures on fewer hosts do not start the clock anew, a healthy instance does', () => {
    const broken = new BrokenServices();
    const service = make(grace(0));
    for (const host of ['a', 'b', 'c']) failsOn(service, host, 1);
    expect(broken.observe(service, RULES, 1)).toBe(1);
    service.departed.forgetFailures();
    failsOn(service, 'a', 2);
    expect(broken.observe(service, RULES, 2)).toBe(1);
    service.lastHealthyAtMs = 3 * MINUTE;
    expect(broken.observe(service, RULES, 3 * MINUTE)).toBeNull();
  });

  test('a new leader goes on with the time of the former one', () => {
    const broken = new BrokenServices();
    broken.restore([['s', MINUTE]]);
    const found = goes(make(grace(1)), 20, (s, minute) => failsOn(s, 'a', minute), broken);
    expect(found).toEqual({ minute: 8, why: 'broken' });
  });
});
