import { compileOptions } from './options';

const PREFIX = { servicePrefix: 'waiter-service-' };

test('masters keep their path; credentials come from the url or from auth', () => {
  const { masters } = compileOptions({
    ...PREFIX,
    url: ['http://a:8080/', 'https://u%40x:p@b/service/marathon/'],
  });
  expect(masters).toEqual([
    { origin: 'http://a:8080', basePath: '', authorization: null },
    {
      origin: 'https://b',
      basePath: '/service/marathon',
      authorization: `Basic ${Buffer.from('u@x:p').toString('base64')}`,
    },
  ]);
  const withToken = compileOptions({ ...PREFIX, url: 'http://a', auth: { token: 't' } });
  expect(withToken.masters[0].authorization).toBe('Bearer t');
});

test.each([['nonsense'], ['ftp://a'], ['']])('refuses the url "%s"', (url) => {
  expect(() => compileOptions({ ...PREFIX, url })).toThrow(TypeError);
});

test('refuses no url, and a prefix that would claim every app', () => {
  expect(() => compileOptions({ ...PREFIX, url: [] })).toThrow(TypeError);
  expect(() => compileOptions({ servicePrefix: '', url: 'http://a' })).toThrow(TypeError);
});
