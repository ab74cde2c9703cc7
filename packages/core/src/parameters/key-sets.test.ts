import {
  OVERRIDABLE_KEYS,
  REQUIRED_KEYS,
  SERVICE_KEYS,
  SERVICE_PARAMETERS,
  SYSTEM_METADATA_KEYS,
  USER_METADATA_KEYS,
  builtInSettings,
  explainUserMetadata,
  validateDescription,
} from '..';

/** Parameters that the original does not have. */
const OWN = ['scaling-policy', 'max-request-body-bytes'];
const ofTheOriginal = (keys: ReadonlySet<string>): number =>
  [...keys].filter((key) => !OWN.includes(key)).length;

test('the sizes of the key sets (spec 1.1), pairwise disjoint', () => {
  for (const key of OWN) expect([...SERVICE_KEYS, ...USER_METADATA_KEYS]).toContain(key);
  expect([
    ofTheOriginal(SERVICE_KEYS),
    ofTheOriginal(OVERRIDABLE_KEYS),
    SYSTEM_METADATA_KEYS.size,
    ofTheOriginal(USER_METADATA_KEYS),
  ]).toEqual([49, 22, 6, 11]);
  const all = [...SERVICE_KEYS, ...SYSTEM_METADATA_KEYS, ...USER_METADATA_KEYS];
  expect(new Set(all).size).toBe(all.length);
  expect([...REQUIRED_KEYS]).toEqual(['cmd', 'cpus', 'mem', 'run-as-user', 'version']);
});

test('the table is in order, documented, and its defaults are valid', () => {
  const names = SERVICE_PARAMETERS.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  for (const { summary } of SERVICE_PARAMETERS) expect(summary).toMatch(/\.$/);
  const settings = builtInSettings('c');
  validateDescription(settings.defaults, { missingAllowed: true, settings, checkAuthentication: true });
  expect(explainUserMetadata(settings.tokenDefaults).size).toBe(0);
});

test.each([
  ['fallback-period-secs', 'bad', 'fallback-period-secs must be an integer between 0 and 86400 (inclusive)'],
  ['fallback-period-secs', 86401, 'fallback-period-secs must be an integer between 0 and 86400 (inclusive)'],
  ['https-redirect', 'yes', 'https-redirect must be a boolean value'],
  [
    'maintenance',
    { message: 'x'.repeat(513) },
    'maintenance message must be a non-empty string with length at most 512',
  ],
  ['maintenance', { message: '' }, 'maintenance message must be a non-empty string with length at most 512'],
  ['maintenance', { message: 1 }, 'maintenance message must be a non-empty string with length at most 512'],
  ['maintenance', {}, 'maintenance message must be a non-empty string with length at most 512'],
  ['maintenance', 'x', 'maintenance must be a map'],
  ['maintenance', null, 'maintenance must be a map'],
  [
    'max-request-body-bytes',
    -1,
    'max-request-body-bytes must be an integer between 0 and 9007199254740991 (inclusive)',
  ],
  ['owner', 123, 'owner must be a non-empty string'],
  ['owner', '', 'owner must be a non-empty string'],
  ['editor', '', 'editor must be a non-empty string'],
  ['stale-timeout-mins', 300, 'stale-timeout-mins must be an integer between 0 and 240 (inclusive)'],
  ['queue-timeout-ms', 3600001, 'queue-timeout-ms must be an integer between 0 and 3600000 (inclusive)'],
  ['service-mapping', 'on', 'service-mapping must be one of default, exclusive or legacy'],
  ['cors-rules', 'x', 'cors-rules must be a list'],
  ['cors-rules', { 'origin-regex': 'blah' }, 'cors-rules must be a list'],
  ['cors-rules', [{}], 'cors-rules list has invalid items: origin-regex must be a valid regular expression'],
  [
    'cors-rules',
    [{ 'origin-regex': '(' }],
    'cors-rules list has invalid items: origin-regex must be a valid regular expression',
  ],
  [
    'cors-rules',
    [{ 'origin-regex': '(a)\\1', 'target-path-regex': '(?=/)' }],
    'cors-rules list has invalid items: origin-regex must be a valid regular expression (Unsupported regular expression: invalid escape sequence: `\\1`), target-path-regex must be a valid regular expression (Unsupported regular expression: invalid or unsupported Perl syntax: `(?=`)',
  ],
  [
    'cors-rules',
    [{ 'origin-regex': 'blah', methods: [] }],
    'cors-rules list has invalid items: methods must be a non-empty list of http methods (in upper-case)',
  ],
  [
    'cors-rules',
    [{ 'origin-regex': 'blah', x: 1 }],
    'cors-rules list has invalid items: x is not a valid key',
  ],
])('case 70: %s = %j', (name, value, line) => {
  expect([...explainUserMetadata({ [name]: value })]).toEqual([[name, line]]);
});
