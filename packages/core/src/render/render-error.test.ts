import fc from 'fast-check';
import type { ErrorRequest } from '..';
import { DEFAULT_SUPPORT_INFO, errorFormat, renderError, WaiterError } from '..';

const request: ErrorRequest = {
  accept: 'application/json',
  cid: 'cid-1',
  host: 'h:1',
  method: 'post',
  uri: '/token',
  queryString: null,
  timeMs: Date.UTC(2023, 2, 22, 21, 56, 20, 123),
  principal: null,
  serviceId: null,
  instanceId: null,
  token: null,
  serviceOwner: null,
  supportInfo: DEFAULT_SUPPORT_INFO,
};
const queueFull = new WaiterError('Max queue length exceeded', {
  status: 503,
  errorClass: 'waiter.QueueLength',
  errorCause: 'service-error',
  details: { 'outstanding-requests': 3, 'service-id': 's1' },
});

test.each([
  ['application/json, text/html', undefined, 'application/json'],
  ['text/html,*/*', 'application/json', 'text/html'],
  ['text/plain', 'application/grpc', 'text/plain'],
  ['*/*', undefined, 'text/plain'],
  ['*/*', 'application/json', 'application/json'],
  [undefined, 'application/grpc', 'application/grpc'],
  [undefined, 'application/grpc+proto', 'text/plain'],
] as const)('accept %s, content-type %s: %s', (accept, contentType, format) => {
  expect(errorFormat({ accept, contentType })).toBe(format);
});

test('JSON (spec services-and-tokens 0.5)', () => {
  const { status, headers, body } = renderError(queueFull, {
    ...request,
    token: 't',
    serviceOwner: 'o',
    imagesUrl: '/images',
  });
  expect(status).toBe(503);
  expect(headers).toEqual({ 'content-type': 'application/json', 'x-cid': 'cid-1' });
  expect(JSON.parse(body)).toEqual({
    'waiter-error': {
      cid: 'cid-1',
      details: {
        'error-cause': 'service-error',
        'error-class': 'waiter.QueueLength',
        'outstanding-requests': 3,
        'service-id': 's1',
        status: 503,
      },
      host: 'h:1',
      'image-url': '/images/http-503-service-overloaded.png',
      'instance-id': null,
      message: 'Max queue length exceeded',
      principal: null,
      'query-string': null,
      'request-method': 'POST',
      'service-id': 's1',
      'service-owner': 'o',
      status: 503,
      'support-info': [
        { label: 'Waiter on GitHub', link: { type: 'url', value: 'http://github.com/twosigma/waiter' } },
      ],
      timestamp: '2023-03-22T21:56:20.123Z',
      title: 'Service Queue Length Exceeded',
      uri: '/token',
      'waiter-token': 't',
    },
  });
});

test('what no one expected is 500 without details', () => {
  const { status, body } = renderError(new TypeError('x is undefined'), request);
  expect(status).toBe(500);
  expect(JSON.parse(body)).toMatchObject({
    'waiter-error': { message: 'Internal error: x is undefined', details: null, title: 'Waiter Error 500' },
  });
});

test('infinities become strings', () => {
  const error = new WaiterError('m', { status: 400, details: { a: Infinity } });
  expect(JSON.parse(renderError(error, request).body)).toMatchObject({
    'waiter-error': { details: { a: 'Infinity' } },
  });
});

test('plain text', () => {
  const { body, headers } = renderError(queueFull, { ...request, accept: '*/*', principal: 'alice' });
  expect(headers['content-type']).toBe('text/plain');
  expect(body).toContain(
    'Service Queue Length Exceeded\n  =============================\n\n  Max queue length exceeded\n',
  );
  expect(body).toContain('Principal: alice\n');
  expect(body).toContain('  outstanding-requests 3\n');
  expect(body).toContain('Waiter on GitHub: http://github.com/twosigma/waiter');
});

test('case 125: HTML escapes the message and links its URLs', () => {
  const error = new WaiterError('a &&>< see https://x.example/?a=1&b=2 "now"', {
    status: 503,
    errorClass: 'waiter.Maintenance',
  });
  const { body } = renderError(error, { ...request, accept: 'text/html' });
  expect(body).toContain('<html>');
  expect(body).toContain(
    'a &amp;&amp;&gt;&lt; see <a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>',
  );
  expect(body).toContain('<title>Service in Maintenance</title>');
});

test('security: nothing of the request reaches the page unescaped', () => {
  const evil = '"\'><script>alert(1)</script>';
  fc.assert(
    fc.property(fc.string(), (prefix) => {
      const text = prefix + evil;
      const error = new WaiterError(`http://x/${text}`, { status: 400, details: { [text]: text } });
      const support = [{ label: text, link: { type: 'url' as const, value: `javascript:{waiter-token}` } }];
      const { body } = renderError(error, {
        ...request,
        accept: 'text/html',
        host: text,
        uri: text,
        queryString: text,
        token: text,
        cid: text,
        supportInfo: support,
      });
      expect(body).not.toContain('<script>');
      expect(body).not.toContain('href="javascript');
      expect(body).not.toContain('"\'>');
    }),
  );
});

test('gRPC has headers and no body', () => {
  const error = new WaiterError('no\nmore 100% é', { status: 503 });
  const { body, headers } = renderError(error, {
    ...request,
    accept: undefined,
    contentType: 'application/grpc',
  });
  expect(body).toBe('');
  expect(headers).toMatchObject({
    'content-type': 'application/grpc',
    'grpc-status': '14',
    'grpc-message': 'no; more 100%25 %C3%A9',
  });
  const notFound = renderError(new WaiterError('x', { status: 404 }), {
    ...request,
    accept: undefined,
    contentType: 'application/grpc',
  });
  expect(notFound.headers).not.toHaveProperty('grpc-status');
});

test('help fits the cause of the error; the image is where the operator has it', () => {
  const link = { type: 'url' as const, value: 'https://help/{waiter-token}' };
  const supportInfo = [
    { label: 'all', link },
    { label: 'services', link, when: 'service-error' as const },
    { label: 'waiter', link, when: 'other' as const },
  ];
  const shown = (errorCause?: 'service-error' | 'client-error' | 'generic-error') => {
    const error = new WaiterError('x', { status: 503, ...(errorCause === undefined ? {} : { errorCause }) });
    const { body } = renderError(error, {
      ...request,
      accept: 'application/json',
      token: 't',
      supportInfo,
      imagesUrl: 'https://images',
    });
    return JSON.parse(body)['waiter-error'] as { 'support-info': { label: string }[]; 'image-url'?: string };
  };
  expect(shown('service-error')['support-info']).toEqual([
    { label: 'all', link: { type: 'url', value: 'https://help/t' } },
    { label: 'services', link: { type: 'url', value: 'https://help/t' } },
  ]);
  expect(shown('client-error')['support-info'].map(({ label }) => label)).toEqual(['all']);
  expect(shown('generic-error')['support-info'].map(({ label }) => label)).toEqual(['all', 'waiter']);
  expect(shown()['support-info'].map(({ label }) => label)).toEqual(['all', 'waiter']);
  const suspended = new WaiterError('x', { status: 503, errorClass: 'waiter.Suspended' });
  const { body } = renderError(suspended, { ...request, accept: 'text/html', imagesUrl: 'https://images' });
  expect(body).toContain('<img src="https://images/http-503-maintenance.png" alt="">');
});
