import { identityOf, type Authenticator } from './authenticator';

/**
 * Everybody is one and the same user: for development, and for clusters that trust their network (spec: request-path
 * 9.2). `Authorization: SingleUser <mode>` or `x-waiter-single-user: <mode>` asks for a failure, for tests of clients.
 */
export function oneUser(user: string): Authenticator {
  const known = { identity: identityOf(user, 'single-user') };
  return {
    kind: 'one-user',
    issuesCookies: true,
    credentials: ['authorization', 'x-waiter-single-user'],
    authenticate({ authorization: given, 'x-waiter-single-user': asked }) {
      if (given === undefined && asked === undefined) return known;
      const authorization = typeof given === 'string' ? modeOf(given) : undefined;
      const mode = authorization ?? (typeof asked === 'string' ? asked.trim() : '');
      if (mode === 'unauthorized') return { status: 401, headers: { 'www-authenticate': 'SingleUser' } };
      if (mode === 'forbidden') return { status: 403, headers: {} };
      if (authorization !== undefined && authorization !== '') {
        return { status: 400, headers: { 'x-waiter-single-user': `unknown operation: ${printable(mode)}` } };
      }
      return known;
    },
  };
}

/** The mode of the first `SingleUser` among the comma-separated authorizations. */
function modeOf(authorization: string): string | undefined {
  const own = authorization
    .split(',')
    .map((part) => part.trim())
    .find((part) => /^SingleUser(\s|$)/.test(part));
  return own?.slice('SingleUser'.length).trim();
}

/** A header value may not carry every character that came in one. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
