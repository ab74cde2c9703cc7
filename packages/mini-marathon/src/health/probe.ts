import { spawn } from 'node:child_process';
import { request as httpRequest, STATUS_CODES } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { HealthCheck } from '../apps/definition';
import { exitMessage } from '../tasks/exit-status';
import { signalGroup } from '../tasks/process-group';
import type { UserIds } from '../tasks/task-user';
import type { ProbeResult } from './health-state';

export interface ProbeTarget {
  readonly host: string;
  readonly ports: readonly number[];
  readonly sandbox: string;
  readonly env: Readonly<Record<string, string>>;
  /** Commands run under the task's ids. */
  readonly user: UserIds | undefined;
}

/** Makes one health check. Never rejects; ends at the check's timeout, or at the signal. */
export function probe(check: HealthCheck, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const timeoutMs = Math.max(check.timeoutSeconds * 1000, 1);
  if (check.protocol === 'COMMAND')
    return command(check.command?.value ?? 'false', target, timeoutMs, signal);
  const port = check.port ?? target.ports[check.portIndex ?? 0];
  if (port === undefined) return Promise.resolve({ ok: false, cause: 'The task has no such port' });
  if (check.protocol.endsWith('TCP')) return tcp(target.host, port, timeoutMs, signal);
  return http(check.protocol.endsWith('HTTPS'), target.host, port, check.path ?? '/', timeoutMs, signal);
}

const timedOut = (timeoutMs: number): ProbeResult => ({
  ok: false,
  cause: `No answer within ${timeoutMs / 1000} s`,
});

function http(
  tls: boolean,
  host: string,
  port: number,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path: path.startsWith('/') ? path : `/${path}`,
      agent: false as const,
      headers: { accept: '*/*', 'user-agent': 'marathon-health-check' },
      signal,
    };
    // Tasks have certificates of their own making; Marathon does not verify them either.
    const request = tls ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    const timer = setTimeout(() => {
      resolve(timedOut(timeoutMs));
      request.destroy();
    }, timeoutMs);
    request.on('response', (response) => {
      clearTimeout(timer);
      const status = response.statusCode ?? 0;
      const ok = status >= 200 && status < 400;
      resolve(ok ? { ok } : { ok, cause: `${status} ${STATUS_CODES[status] ?? ''}`.trim() });
      response.destroy();
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      resolve({ ok: false, cause: error.message });
    });
    request.end();
  });
}

function tcp(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.setTimeout(timeoutMs, () => {
      resolve(timedOut(timeoutMs));
      socket.destroy();
    });
    socket.on('connect', () => {
      resolve({ ok: true });
      socket.destroy();
    });
    socket.on('error', (error) => resolve({ ok: false, cause: error.message }));
  });
}

/** Passes by exit status 0. The command runs in a group of its own, so that a timeout ends all of it. */
function command(
  value: string,
  target: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', value], {
      cwd: target.sandbox,
      env: target.env,
      detached: true,
      stdio: 'ignore',
      ...target.user,
    });
    const end = () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      resolve(timedOut(timeoutMs));
      end();
    }, timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    const settle = (result: ProbeResult) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(result);
    };
    child.on('error', (error) => settle({ ok: false, cause: error.message }));
    child.on('exit', (code, killed) => {
      end();
      settle(code === 0 ? { ok: true } : { ok: false, cause: exitMessage({ code, signal: killed }) });
    });
  });
}
