import fc from 'fast-check';
import type { DescriptionSettings, Json, ServiceParameters } from '..';
import {
  builtInSettings,
  isMissingRunAsUser,
  pick,
  SERVICE_PARAMETERS,
  validateDescription,
  WaiterError,
} from '..';

const settings = builtInSettings('waiter');
const GENERIC = 'Service description using waiter headers/token improperly configured';
const whole = { cmd: 'sleep 1', cpus: 0.1, mem: 256, 'run-as-user': 'u', version: 'v' };

function failure(
  parameters: ServiceParameters,
  options: { missingAllowed?: boolean; checkAuthentication?: boolean; settings?: DescriptionSettings } = {},
): WaiterError {
  try {
    validateDescription(parameters, { missingAllowed: true, settings, ...options });
  } catch (error) {
    if (error instanceof WaiterError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(parameters)}`);
}
const ok = (parameters: ServiceParameters, options = {}): void =>
  validateDescription(parameters, { missingAllowed: true, settings, ...options });

describe('friendly lines (spec 3.2)', () => {
  const lines: [string, Json, string][] = [
    [
      'authentication',
      '',
      "authentication must be 'disabled', 'standard', or the specific authentication scheme if supported by the configured authenticator.",
    ],
    ['backend-proto', 'ftp', 'backend-proto must be one of h2, h2c, http, or https.'],
    ['cmd', '', 'cmd must be a non-empty string.'],
    ['name', 1, 'name must be a non-empty string.'],
    ['version', ' ', 'version must be a non-empty string.'],
    ['health-check-url', '', 'health-check-url must be a non-empty string.'],
    ['concurrency-level', 10001, 'concurrency-level must be an integer in the range [1, 10000].'],
    ['concurrency-level', 1.5, 'concurrency-level must be an integer in the range [1, 10000].'],
    ['cpus', 0, 'cpus must be a positive number.'],
    ['mem', '256', 'mem must be a positive number.'],
    ['distribution-scheme', 'x', 'distribution-scheme must be one of balanced or simple.'],
    ['grace-period-secs', 9000, 'grace-period-secs must be an integer in the range [0, 3600].'],
    ['grace-period-secs', '5', 'grace-period-secs must be an integer in the range [0, 3600].'],
    ['grace-period-secs', -1, 'grace-period-secs must be an integer in the range [0, 3600].'],
    ['health-check-authentication', 'x', 'health-check-authentication must be one of standard or disabled.'],
    ['health-check-port-index', 10, 'health-check-port-index must be an integer in the range [0, 9].'],
    [
      'liveness-check-proto',
      'x',
      'liveness-check-proto, when provided, must be one of h2, h2c, http, or https.',
    ],
    ['idle-timeout-mins', 50000, 'idle-timeout-mins must be an integer in the range [0, 43200].'],
    ['idle-timeout-mins', -1, 'idle-timeout-mins must be an integer in the range [0, 43200].'],
    ['load-balancing', 'x', "load-balancing must be one of 'oldest', 'youngest' or 'random'."],
    ['max-instances', 0, 'max-instances must be between 1 and 2000.'],
    ['min-instances', 2001, 'min-instances must be between 1 and 2000.'],
    ['metric-group', 'a', 'The metric-group must be be between 2 and 32 characters'],
    ['ports', 11, 'ports must be an integer in the range [1, 10].'],
    ['profile', 1234, 'profile must be a non-empty string, there are no supported profiles'],
    [
      'routing-mode',
      'invalid',
      'routing-mode must be one of default, waiter-router, headless, ingress-distributed or ingress-centralized.',
    ],
    ['scale-down-factor', 10, 'scale-down-factor must be a double in the range (0, 1).'],
    ['scale-up-factor', 1, 'scale-up-factor must be a double in the range (0, 1).'],
    ['scale-factor', 10, 'scale-factor must be a double in the range (0, 2].'],
    [
      'termination-grace-period-secs',
      900,
      'termination-grace-period-secs must be an integer in the range [0, 300].',
    ],
    ['instance-expiry-mins', -1, 'instance-expiry-mins must be an integer of at least 0.'],
  ];
  test.each(lines)('case 197: %s = %j', (name, value, line) => {
    const error = failure({ [name]: value });
    expect(error.status).toBe(400);
    expect(error.message.startsWith(`${GENERIC}\n${line}`)).toBe(true);
    expect(Object.keys(error.details['issue'] as object)).toEqual([name]);
  });

  test('one line per parameter, in the order of the table', () => {
    expect(failure({ mem: 0, cmd: '', cpus: 0 }).message).toBe(
      `${GENERIC}\ncmd must be a non-empty string.\ncpus must be a positive number.\nmem must be a positive number.`,
    );
  });

  test.each([
    ['idle-timeout-mins', 0],
    ['idle-timeout-mins', 100],
    ['idle-timeout-mins', 0.05],
    ['grace-period-secs', 0],
    ['metric-group', 'ab1'],
    ['health-check-proto', null],
    ['scale-factor', 2],
    ['expired-instance-restart-rate', 1],
  ])('%s = %j is accepted', (name, value) => {
    ok({ [name]: value });
  });

  test('case 197: an unknown profile', () => {
    expect(failure({ profile: 'x' }).message).toBe('Unsupported profile: x, there are no supported profiles');
    const profiles = { webapp: { defaults: {} }, batch: { defaults: {} } };
    expect(failure({ profile: 'constructor' }, { settings: { ...settings, profiles } }).message).toBe(
      'Unsupported profile: constructor, supported profile(s) are batch, webapp',
    );
  });
});

describe('env, metadata, allowed-params (spec 3.3)', () => {
  test('case 195: env', () => {
    const error = failure({ env: { '1': 'a', B: 2 } });
    expect(error.message).toContain('keys are invalid: 1.');
    expect(error.message).toContain('did not have string values: B: 2.');
    const reserved = {
      WAITER_USERNAME: 'a',
      MARATHON_HOST: 'b',
      MESOS_TASK_ID: 'c',
      PORT0: 'd',
      PORT_USED: 'e',
    };
    expect(failure({ env: reserved }).message).toContain(
      'keys are reserved: WAITER_USERNAME, MARATHON_HOST, MESOS_TASK_ID, PORT0.',
    );
    ok({ env: { PORT_USED: 'x', WAITER_CONFIG_X: 'y', constructor: 'z' } });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`V${i}`, 'x']));
    expect(failure({ env: many }).message).toContain('You provided 200.');
    expect(failure({ env: [] }).message).toContain('Environment variables must be a map');
  });

  test('case 27: a reserved variable, and nothing of how we are built', () => {
    const error = failure({ env: { HOME: '/my/home' } });
    expect(error.message).toContain('The following environment variable keys are reserved: HOME.');
    expect(JSON.stringify(error.details)).not.toContain('clojure');
  });

  test('a key named __proto__ is a bad key like any other', () => {
    expect(failure({ env: JSON.parse('{"__proto__": "x"}') as Json }).message).toContain(
      'invalid: __proto__',
    );
    expect(failure({ metadata: JSON.parse('{"__proto__": "x"}') as Json }).message).toContain(
      'invalid: __proto__',
    );
  });

  test('case 196: metadata', () => {
    expect(failure({ metadata: { '1': 'a', '2': 'b', C: 'c' } }).message).toContain(
      'The following metadata keys are invalid: 1, 2, C.',
    );
    expect(failure({ metadata: { b: 2 } }).message).toContain('did not have string values: b: 2.');
    expect(failure({ metadata: { c: { d: 'e' } } }).status).toBe(400);
  });

  test('case 55: allowed-params', () => {
    const message = (items: Json): string => failure({ 'allowed-params': items }).message;
    expect(message([''])).toContain('Individual params may not be empty.');
    for (const name of ['_A', '1A', 'A-B', 7]) {
      expect(message([name])).toContain(
        'Individual params must be made up of letters, numbers, and underscores',
      );
    }
    for (const name of ['MESOS_A', 'MARATHON_A', 'PORT0', 'WAITER_A', 'HOME', 'LOGNAME', 'USER']) {
      expect(message([name])).toContain(
        'Individual params cannot start with MESOS_, MARATHON_, PORT, or WAITER_',
      );
    }
    expect(message(['', '1A', 'HOME'])).toMatch(/may not be empty.*must be made up.*cannot start with/);
    ok({ 'allowed-params': ['VAR_1', 'VAR_2'] });
  });
});

describe('after the schema (spec 3.2)', () => {
  test('case 28: constraints, sorted by name', () => {
    const error = failure({ mem: 131073, cpus: 33, cmd: 'x'.repeat(1201) });
    expect(error.message).toBe(
      `${GENERIC}\nThe following fields exceed their allowed limits: cmd must be at most 1200 characters, ` +
        'cpus is 33 but the max allowed is 32, mem is 131073 but the max allowed is 131072',
    );
  });

  test.each<[string, ServiceParameters, string]>([
    [
      'min above max',
      { 'min-instances': 5, 'max-instances': 2 },
      `${GENERIC}\nmin-instances (5) must be less than or equal to max-instances (2)`,
    ],
    ['case 134', { 'cmd-type': 'fakecommand' }, 'Command type fakecommand is not supported'],
    [
      'case 34',
      { authentication: 'disabled', 'health-check-authentication': 'standard' },
      'The health check authentication (standard) cannot be enabled when authentication (disabled) is disabled',
    ],
    [
      'case 198',
      { ports: 2, 'health-check-port-index': 2 },
      'The health check port index (2) must be smaller than ports (2)',
    ],
    [
      'case 198',
      { 'backend-proto': 'h2c', 'health-check-proto': 'http', 'health-check-port-index': 0 },
      'The backend-proto (h2c) and health check proto (http) must match when health-check-port-index is zero',
    ],
    [
      'liveness',
      { ports: 1, 'liveness-check-port-index': 1 },
      'The liveness check port index (1) must be smaller than ports (1)',
    ],
    [
      'case 30',
      { namespace: 'not-run-as-user', 'run-as-user': 'A' },
      'Service namespace must either be omitted or match the run-as-user.',
    ],
  ])('%s', (_name, parameters, message) => {
    const error = failure(parameters);
    expect(error.message).toBe(message);
    expect(error.details).not.toHaveProperty('issue');
  });

  test('case 198: another port may speak another protocol', () => {
    ok({ 'backend-proto': 'h2c', 'health-check-proto': 'http', 'health-check-port-index': 1, ports: 2 });
  });

  test('case 30: a namespace of its own user, or of the requester', () => {
    ok({ namespace: 'A', 'run-as-user': 'A' });
    ok({ namespace: '*', 'run-as-user': '*' });
  });

  test('case 66: authentication schemes', () => {
    const error = failure({ authentication: 'kerberos' }, { checkAuthentication: true });
    expect(error.message).toBe("authentication must be one of: 'disabled', 'standard'");
    expect(error.errorClass).toBe('waiter.UnsupportedAuth');
    expect(failure({ authentication: '' }, { checkAuthentication: true }).status).toBe(400);
    const withProvider = { ...settings, authenticationProviders: ['kerberos'] };
    ok({ authentication: 'kerberos' }, { checkAuthentication: true, settings: withProvider });
  });
});

describe('missing parameters', () => {
  test('are named when none may be missing', () => {
    const error = failure({ cpus: 1 }, { missingAllowed: false });
    expect(error.message).toContain('cmd must be a non-empty string.');
    expect(error.message).toContain('mem must be a positive number.');
    expect(isMissingRunAsUser(error)).toBe(false);
  });

  test('case 198: a profile may supply them', () => {
    const profiles = { big: { defaults: { cpus: 1, mem: 2 } } };
    const rest = pick<Json>(whole, (key) => key !== 'cpus' && key !== 'mem');
    ok({ ...rest, profile: 'big' }, { missingAllowed: false, settings: { ...settings, profiles } });
  });

  test('case 209: only a missing run-as-user alone calls for consent', () => {
    const rest = pick<Json>(whole, (key) => key !== 'run-as-user');
    const strict = { missingAllowed: false };
    expect(isMissingRunAsUser(failure(rest, strict))).toBe(true);
    expect(isMissingRunAsUser(failure({ ...rest, namespace: 'u' }, strict))).toBe(true);
    expect(isMissingRunAsUser(failure({ ...rest, cmd: '' }, strict))).toBe(false);
    expect(isMissingRunAsUser(failure({ ...rest, image: '' }, strict))).toBe(false);
    expect(isMissingRunAsUser(failure({ ...rest, 'cmd-type': 'x' }, strict))).toBe(false);
    expect(isMissingRunAsUser(failure({ ...rest, 'run-as-user': '' }, strict))).toBe(false);
    expect(isMissingRunAsUser(new Error('x'))).toBe(false);
  });
});

test('any value for any parameter is accepted or a 400, never another exception', () => {
  const names = SERVICE_PARAMETERS.map(({ name }) => name);
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }),
      fc.boolean(),
      (parameters, missingAllowed) => {
        try {
          validateDescription(parameters as ServiceParameters, {
            missingAllowed,
            settings,
            checkAuthentication: true,
          });
        } catch (error) {
          expect(error).toBeInstanceOf(WaiterError);
          expect((error as WaiterError).status).toBe(400);
        }
      },
    ),
    { numRuns: 500 },
  );
});
