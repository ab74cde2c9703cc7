import { AuthCookies } from './auth-cookies';

const clock = { nowMs: 1_700_000_000_000, now: () => clock.nowMs, monotonic: () => clock.nowMs };
const valueOf = (lines: readonly string[]): string => lines.map((line) => line.split(';', 1)[0]).join('; ');
const cookies = (...passwords: string[]): AuthCookies => new AuthCookies(passwords, 'c1', clock);

describe('authentication cookies (request-path 9.3)', () => {
  it('are issued in the form of the original', () => {
    const [expiry = '', auth = ''] = cookies('p').issue('sam@REALM');
    expect(expiry).toBe(`x-auth-expires-at=${1_700_000_000 + 86_400};Max-Age=86400;Path=/`);
    expect(auth).toMatch(/^x-waiter-auth=[\w-]+;Max-Age=86400;Path=\/;HttpOnly=true$/);
    expect(auth).not.toContain('sam');
  });

  it('are read back, also after the password was rotated', () => {
    const header = `a=b; ${valueOf(cookies('old').issue('sam@REALM'))}; c=d`;
    const content = { principal: 'sam@REALM', expiresAt: 1_700_086_400 };
    expect(cookies('old').read(header)).toEqual(content);
    expect(cookies('new', 'old').read(header)).toEqual(content);
    expect(cookies('new').read(header)).toBeNull();
    expect(new AuthCookies(['old'], 'another-cluster', clock).read(header)).toBeNull();
  });

  it('two of the same second differ', () => {
    expect(cookies('p').issue('sam')).not.toEqual(cookies('p').issue('sam'));
  });

  it('that are over, changed or nonsense are treated as absent', () => {
    const jar = cookies('p');
    const header = valueOf(jar.issue('sam'));
    const value = header.slice(header.indexOf('x-waiter-auth=') + 'x-waiter-auth='.length);
    for (let at = 0; at < value.length; at += 7) {
      const other = value[at] === 'A' ? 'B' : 'A';
      expect(jar.read(`x-waiter-auth=${value.slice(0, at)}${other}${value.slice(at + 1)}`)).toBeNull();
    }
    for (const text of ['', '%', '%zz', 'AAAA', 'x'.repeat(5000), '"', '{}']) {
      expect(jar.read(`x-waiter-auth=${text}`)).toBeNull();
    }
    expect(jar.read('y-waiter-auth=1; x-waiter-auth')).toBeNull();
    expect(jar.read(undefined)).toBeNull();
    clock.nowMs += 86_400_000;
    expect(jar.read(header)).toBeNull();
  });
});
