import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ReadinessCheck } from '../apps/definition';

/** What a readiness check last saw; `ready` stays once it was so. */
export interface ReadinessState {
  readonly name: string;
  readonly ready: boolean;
  /** Only where the check preserves it. */
  readonly lastResponse?: {
    readonly status: number;
    readonly contentType: string;
    readonly body: string;
  };
}

const MAX_BODY = 10_000;

/** Asks once whether the task is ready. Never rejects. @param port undefined: the app has no port of that name */
export function checkReadiness(
  check: ReadinessCheck,
  host: string,
  port: number | undefined,
  signal: AbortSignal,
): Promise<ReadinessState> {
  const notYet: ReadinessState = { name: check.name, ready: false };
  if (port === undefined) return Promise.resolve(notYet);
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path: check.path.startsWith('/') ? check.path : `/${check.path}`,
      agent: false as const,
      signal,
    };
    const request =
      check.protocol === 'HTTPS'
        ? httpsRequest({ ...options, rejectUnauthorized: false })
        : httpRequest(options);
    const timer = setTimeout(() => request.destroy(), check.timeoutSeconds * 1000);
    const settle = (state: ReadinessState): void => {
      clearTimeout(timer);
      resolve(state);
    };
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body = (body + part).slice(0, MAX_BODY)));
      response.on('close', () => {
        const status = response.statusCode ?? 0;
        const contentType = response.headers['content-type'] ?? 'application/octet-stream';
        settle({
          name: check.name,
          ready: check.httpStatusCodesForReady.includes(status),
          ...(check.preserveLastResponse ? { lastResponse: { status, contentType, body } } : {}),
        });
      });
    });
    request.on('error', () => settle(notYet));
    request.on('close', () => settle(notYet));
    request.end();
  });
}
