import { serviceIdOf, tokenHash } from '..';

const PREFIX = 'waiter-service-';

describe('service ids (spec services-and-tokens 6.1)', () => {
  const vectors: [string, Record<string, string | number>, string, string][] = [
    ['an empty description', {}, '', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['unknown keys only', { foo: 'bar', token: 't' }, '', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a name', { name: 'fum' }, 'fum-', 'a33d34e194a19776939a94ae6dc1defc'],
    ['values of any type', { cpus: 'bar', mem: 'fie' }, '', 'c1bcd765471020b358c6e6853498abef'],
    [
      'a name among others',
      { mem: 'fie', cpus: 'bar', name: 'fum' },
      'fum-',
      '6332d43d6497743a0e2aef5420a5be2e',
    ],
    ['a token, ignored', { cmd: 'fie', name: 'fum', token: 't' }, 'fum-', '381b865ec36e621aff837ac20df731d9'],
    [
      'a permitted user',
      { name: 'fum', 'permitted-user': 'waiter-user' },
      'fum-',
      'b28e57847e692f041edfcbb1a97d7e03',
    ],
    ['only a permitted user', { 'permitted-user': 'waiter-user' }, '', '4a5e087ef4187dc8f100700dfa73f546'],
    ['a name with a dot', { name: 'FU.M' }, 'fum-', '1bb7478aabf479502e49fc26ae0f9a04'],
    ['a name with digits', { name: 'fum-123.4$A' }, 'fum1234a-', 'a1030ca63357baad681c25935eb4e494'],
    ['a name of signs', { name: 'fum-!@#$%.,:()' }, 'fum-', 'df72716b57632adfc64b74165eb7d7f2'],
    [
      'a whole description',
      {
        cmd: 'exit 0',
        'cmd-type': 'shell',
        cpus: 0.1,
        mem: 256,
        name: 'My App_1',
        'permitted-user': '*',
        'run-as-user': 'alice',
        version: 'v1',
      },
      'myapp1-',
      'bfcd139d70410d9f733599a460186f6f',
    ],
    [
      'whole numbers',
      { cmd: 'c', cpus: 1, mem: 256, 'run-as-user': 'u', version: 'v' },
      '',
      'cbbaf5b09f042f11f0551d82f8168618',
    ],
    // The JVM double 1.0 would give 50aab749...: not tellable from 1 in JavaScript, so never our id.
    [
      '1.0, which is 1 here',
      { cmd: 'c', cpus: 1.0, mem: 256, 'run-as-user': 'u', version: 'v' },
      '',
      'cbbaf5b09f042f11f0551d82f8168618',
    ],
  ];
  test.each(vectors)('%s', (_name, core, part, md5) => {
    expect(serviceIdOf(core, PREFIX)).toBe(`${PREFIX}${part}${md5}`);
  });

  test('a map of one entry, as the original prints it', () => {
    expect(serviceIdOf({ cpus: 1, env: { A: 'b' } }, '')).toBe('3251f8a7cb6749486d036922a3580762');
  });

  test('the order of map entries and of allowed-params does not matter', () => {
    const one = { env: { A: 'b', C: 'd' }, 'allowed-params': ['X', 'Y'] };
    const two = { 'allowed-params': ['Y', 'X'], env: { C: 'd', A: 'b' } };
    expect(serviceIdOf(one, '')).toBe(serviceIdOf(two, ''));
  });
});

describe('token hashes (spec services-and-tokens 6.1)', () => {
  const demo = {
    cluster: 'waiter',
    'last-update-time': 1679500580000,
    'last-update-user': 'alice',
    owner: 'alice',
    root: 'waiter',
  };
  const vectors: [Record<string, string | number | boolean>, string][] = [
    [
      { cpus: 1, 'last-update-time': 1100, mem: 2048, owner: 'test-user' },
      'E-206acb8633cb4a86d4595c274033ff9a',
    ],
    [{ ...demo, 'health-check-url': '/probe', name: 'demo' }, 'E-30558ad9da7952992e4dac992dde8c82'],
    [{ ...demo, 'https-redirect': true }, 'E-43b858eea9ea673e682dbc7e1a02003e'],
  ];
  test.each(vectors)('%j', (data, hash) => {
    expect(tokenHash(data)).toBe(hash);
    expect(tokenHash({ ...data, previous: { cpus: 7 } })).toBe(hash);
    expect(tokenHash({ ...data, unknown: 1 })).toBe(hash);
    expect(tokenHash({ ...data, deleted: true })).toBeNull();
  });
});
