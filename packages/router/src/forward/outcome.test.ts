import {
  afterResend,
  failureError,
  releaseOutcome,
  retryOf,
  type Failure,
  type FailureReason,
} from './outcome';

const failure = (reason: FailureReason, given: Partial<Failure> = {}): Failure => ({
  kind: 'failed',
  reason,
  stale: false,
  bodySent: false,
  error: new Error('cause'),
  ...given,
});

test.each([
  ['connect', 502, 'Request failed to connect to service backend', 'instance-error'],
  ['broken', 502, 'Request to service backend failed', 'instance-error'],
  ['idle', 504, 'Request to service backend timed out', 'instance-error'],
  ['client-idle', 408, 'Timeout receiving bytes from client', 'client-error'],
  ['upload-stalled', 503, 'unable to stream request bytes', 'instance-error'],
] as const)('6.5: %s is %i "%s"', (reason, status, message, cause) => {
  const error = failureError(failure(reason), { 'service-id': 's' });
  expect([error.status, error.message, error.errorCause]).toEqual([status, message, cause]);
  expect(error.details['service-id']).toBe('s');
  expect(releaseOutcome(failure(reason))).toBe(cause);
});

test('what the holder of a slot tells of the instance', () => {
  expect(releaseOutcome({ kind: 'complete' })).toBe('success');
  expect(releaseOutcome({ kind: 'client-gone' })).toBe('client-error');
  expect(releaseOutcome({ kind: 'truncated', by: 'instance' })).toBe('instance-error');
  expect(releaseOutcome({ kind: 'truncated', by: 'client' })).toBe('client-error');
  expect(releaseOutcome(failure('broken', { stale: true }))).toBe('success');
});

test.each([
  ['connect, nothing sent', failure('connect'), 'POST', true, 'other'],
  ['broken after sending', failure('broken', { bodySent: true }), 'POST', true, 'no'],
  ['idle', failure('idle'), 'GET', false, 'no'],
  ['stale connection, safe and without body', failure('broken', { stale: true }), 'GET', false, 'same'],
  ['stale connection, unsafe', failure('broken', { stale: true }), 'POST', false, 'no'],
  ['stale connection, with body', failure('broken', { stale: true }), 'GET', true, 'no'],
] as const)('retry: %s', (_name, failed, method, hasBody, expected) => {
  expect(retryOf(failed, method, hasBody)).toBe(expected);
});

describe('afterResend', () => {
  const first = failure('broken', { stale: true });

  it('a request that was sent once is not tried elsewhere when its instance is gone', () => {
    const outcome = afterResend(first, failure('connect'));
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'broken', stale: false });
    expect(outcome.kind === 'failed' && retryOf(outcome, 'GET', false)).toBe('no');
    expect(releaseOutcome(outcome)).toBe('instance-error');
  });

  it('leaves first attempts and other ends alone', () => {
    const refused = failure('connect');
    expect(afterResend(null, refused)).toBe(refused);
    expect(afterResend(first, { kind: 'complete' })).toEqual({ kind: 'complete' });
  });
});
