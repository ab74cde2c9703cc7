import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { own } from '@waiter/core';
import type { ResolvedService } from '@waiter/core';

export interface HealthRequestOptions {
  /** Of this router. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Of the request that asks for the ping. */
  readonly headers: IncomingHttpHeaders;
  readonly version: string;
  readonly cid: string;
  readonly allowFallback: boolean;
}

export interface HealthReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const MOST_BODY = 1024 * 1024;
export const PING_AGENT = 'waiter-ping/';

/**
 * Sends a service's health check through this router's own port, where it goes the way of every proxied request: it
 * starts the service, waits in its queue, takes a slot (spec: services-and-tokens 4.11).
 * @returns null when no complete answer came in time
 * @throws Error when the router cannot be reached
 */
export function sendHealthRequest(
  service: ResolvedService,
  options: HealthRequestOptions,
): Promise<HealthReply | null> {
  const url = own(service.effective, 'health-check-url');
  const path = typeof url === 'string' && url !== '' ? url : '/status';
  return new Promise((resolve, reject) => {
    let late = false;
    const outgoing = httpRequest(
      {
        host: options.host,
        port: options.port,
        method: 'GET',
        path: path.startsWith('/') ? path : `/${path}`,
        headers: headersOf(options),
        agent: false,
      },
      (reply) => {
        const pieces: Buffer[] = [];
        let length = 0;
        reply.on('data', (piece: Buffer) => {
          length += piece.length;
          if (length <= MOST_BODY) pieces.push(piece);
        });
        reply.on('error', () => undefined);
        reply.once('close', () => {
          clearTimeout(timer);
          const body = Buffer.concat(pieces).toString('utf8');
          resolve(late ? null : { status: reply.statusCode ?? 502, headers: reply.headers, body });
        });
      },
    );
    const timer = setTimeout(() => {
      late = true;
      outgoing.destroy();
    }, options.timeoutMs);
    outgoing.once('error', (error) => {
      clearTimeout(timer);
      if (late) resolve(null);
      else reject(error);
    });
    outgoing.end();
  });
}

/** The same service and the same user; debug headers tell which instance answered. */
function headersOf({ headers, version, cid, allowFallback }: HealthRequestOptions): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('x-waiter-') || KEPT.has(name));
  return {
    ...Object.fromEntries(kept),
    accept: 'application/json;q=1.0, */*;q=0.9',
    'content-length': '0',
    'user-agent': `${PING_AGENT}${version.slice(0, 7)}`,
    'x-cid': cid,
    'x-waiter-debug': 'true',
    'x-waiter-request-type': 'health-check',
    ...(allowFallback ? {} : { 'x-waiter-fallback-period-secs': '0' }),
  };
}

const KEPT: ReadonlySet<string> = new Set(['host', 'authorization', 'cookie', 'x-forwarded-proto']);
