import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import type { Socket } from 'node:net';
import type { CompiledDescription, Instance, InstanceFlag } from '@waiter/core';
import { connected, secured } from './connect';

export interface CheckResult {
  readonly healthy: boolean;
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  /** What the attempt shows of an instance that is not healthy. */
  readonly flags: readonly InstanceFlag[];
}

export interface CheckOptions {
  readonly timeoutMs: number;
  /** Sent when the service wants authenticated checks. */
  readonly password: string;
}

export type CheckedService = Pick<
  CompiledDescription,
  'healthCheckUrl' | 'healthCheckProto' | 'healthCheckPortIndex' | 'healthCheckAuthentication' | 'runAsUser'
>;

const UNKNOWN_HOST = '0.0.0.0';

/** Asks the instance whether it is well (spec: scaling-and-schedulers 3.6): healthy if and only if it answers 2xx. */
export async function checkHealth(
  instance: Pick<Instance, 'host' | 'port' | 'extraPorts'>,
  service: CheckedService,
  options: CheckOptions,
): Promise<CheckResult> {
  const index = service.healthCheckPortIndex;
  const port = index === 0 ? instance.port : (instance.extraPorts[index - 1] ?? 0);
  if (port === 0 || instance.host === '' || instance.host === UNKNOWN_HOST) {
    return { healthy: false, status: null, flags: [] };
  }
  const { healthCheckUrl: url, healthCheckProto: proto } = service;
  const startedAt = performance.now();
  try {
    const socket = await connected(instance.host, port, options.timeoutMs);
    const target: Target = {
      socket,
      host: instance.host,
      path: url.startsWith('/') ? url : `/${url}`,
      headers: checkHeaders(instance.host, service, options.password),
      secure: proto === 'https' || proto === 'h2',
      timeoutMs: Math.max(1, options.timeoutMs - (performance.now() - startedAt)),
    };
    const status = await (proto === 'h2' || proto === 'h2c' ? askHttp2(target) : askHttp1(target));
    const healthy = status >= 200 && status < 300;
    return { healthy, status, flags: healthy ? [] : ['has-connected', 'has-responded'] };
  } catch (error) {
    return { healthy: false, status: null, flags: flagsOf(error) };
  }
}

interface Target {
  /** Connected; this check's own. The answer on one that was kept says nothing of whether new ones are accepted. */
  readonly socket: Socket;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secure: boolean;
  readonly timeoutMs: number;
}

function checkHeaders(host: string, service: CheckedService, password: string): Record<string, string> {
  return {
    'x-waiter-request-type': 'health-check',
    'user-agent': 'waiter-scaler',
    'x-cid': `waiter-health-check-${randomBytes(8).toString('hex')}`,
    host,
    ...(service.healthCheckAuthentication === 'standard'
      ? {
          authorization: `Basic ${Buffer.from(`waiter:${password}`).toString('base64')}`,
          'x-waiter-auth-principal': service.runAsUser,
          'x-waiter-authenticated-principal': service.runAsUser,
        }
      : {}),
  };
}

class TimeoutError extends Error {}

function askHttp1({ socket, host, path, headers, secure, timeoutMs }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const createConnection = (): Socket => (secure ? secured(socket, host, ['http/1.1']) : socket);
    const request = httpRequest({ host, path, headers, createConnection });
    const timer = setTimeout(() => request.destroy(new TimeoutError('no answer in time')), timeoutMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    });
    request.end();
  });
}

function askHttp2({ socket, host, path, headers, secure, timeoutMs }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const authority = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}`;
    const createConnection = (): Socket => (secure ? secured(socket, host, ['h2']) : socket);
    const session = http2Connect(authority, { createConnection });
    const timer = setTimeout(() => settle(() => reject(new TimeoutError('no answer in time'))), timeoutMs);
    const settle = (result: () => void): void => {
      clearTimeout(timer);
      session.destroy();
      socket.destroy();
      result();
    };
    session.on('error', (error) => settle(() => reject(error)));
    const { host: name, ...rest } = headers;
    const stream = session.request({ ...rest, ':path': path, ':authority': name ?? host });
    stream.on('error', (error) => settle(() => reject(error)));
    stream.once('response', (answer) => settle(() => resolve(answer[':status'] ?? 0)));
    stream.once('close', () =>
      settle(() => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))),
    );
    stream.end();
  });
}

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);
const HANG_UP = new Set(['ECONNRESET', 'EPIPE', 'ERR_HTTP2_STREAM_CANCEL', 'ERR_HTTP2_SESSION_ERROR']);

/**
 * Flags by the table of 3.6. An answer that is no HTTP counts as connected and responded, as in the original; a
 * deadline only as connected (the original also said responded, which hid `health-check-timed-out`).
 */
function flagsOf(error: unknown): InstanceFlag[] {
  if (error instanceof TimeoutError) return ['timeout-exception', 'has-connected'];
  const code = String((error as { code?: unknown }).code ?? '');
  if (NOT_CONNECTED.has(code)) return [];
  if (/^ERR_(TLS|SSL)|CERT|^EPROTO$|WRONG_VERSION/.test(code)) return ['ssl-exception'];
  if (HANG_UP.has(code)) return ['hangup-exception', 'has-connected'];
  return ['has-connected', 'has-responded'];
}
