import { AUTH_COOKIE, AuthCookies, systemClock } from '@waiter/core';
import { routerOptions, type RouterOptions } from '../options';
import { startRouterWorker, type RouterWorker, type WorkerEnvironment } from '../worker';
import { FixedReservations } from './fixed-reservations';

export interface RouterUnderTest {
  readonly port: number;
  readonly worker: RouterWorker;
  readonly reservations: FixedReservations;
  readonly options: RouterOptions;
}

/** Lanes of the workers that tests start. */
export const testLanes: { http1: boolean; http2?: boolean; readBuffers?: boolean } = { http1: true };

/** Headers that make a service on the fly; the command is never run, because reservations are fixed. */
export const ON_THE_FLY = {
  'x-waiter-cmd': 'serve',
  'x-waiter-cpus': '0.1',
  'x-waiter-mem': '64',
  'x-waiter-name': 'under-test',
  'x-waiter-version': '1',
} as const;

/** What a browser of this user would send to a router under test. */
export function authCookie(user = 'alice'): string {
  const lines = new AuthCookies(['open-sesame'], 'test', systemClock).issue(user);
  return lines.find((line) => line.startsWith(AUTH_COOKIE))?.split(';', 1)[0] ?? '';
}

/** A worker in this process whose instances are the given local ports. */
export async function startRouterUnderTest(
  redisUrl: string,
  ports: readonly number[],
  given: Partial<RouterOptions> = {},
  environment: WorkerEnvironment = {},
): Promise<RouterUnderTest> {
  const reservations = new FixedReservations(ports.map((port) => ({ host: '127.0.0.1', port })));
  const options = routerOptions({
    host: '127.0.0.1',
    port: 0,
    routerId: `router-${Math.random().toString(36).slice(2)}`,
    redis: { url: redisUrl, cluster: 'test' },
    user: 'alice',
    version: 'abcdef0123',
    lanes: { ...testLanes },
    ...given,
  });
  const worker = await startRouterWorker(options, { ...environment, reservations });
  return { port: worker.port, worker, reservations, options };
}
