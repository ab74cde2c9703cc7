import type { IncomingMessage } from 'node:http';
import type { KitchenOptions } from './options';

/**
 * The check of WAITER_USERNAME and WAITER_PASSWORD: every path needs them if they are set, except `/bad-status`,
 * `/sleep` and, unless health checks are authenticated, `/status`.
 */
export function basicAuth(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): (request: IncomingMessage, path: string) => boolean {
  const { WAITER_USERNAME: user, WAITER_PASSWORD: password } = env;
  if (!user || !password) return () => true;
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const free = options.enableHealthCheckAuthentication
    ? ['/bad-status', '/sleep']
    : ['/bad-status', '/sleep', '/status'];
  return (request, path) => free.includes(path) || request.headers.authorization === expected;
}
