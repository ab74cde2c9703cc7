import { createHmac, timingSafeEqual } from 'node:crypto';
import type { BackendProto, ServiceId } from '@waiter/core';

/** What a URL of an async request names (spec: request-path 7.1). */
export interface AsyncAddress {
  readonly requestId: string;
  readonly routerId: string;
  readonly serviceId: ServiceId;
  readonly host: string;
  readonly port: number;
  /** What is spoken there; null: the `backend-proto` of the service. */
  readonly protocol: BackendProto | null;
}

export type AsyncUrlKind = 'status' | 'result';

export interface ParsedAsyncUrl {
  readonly kind: AsyncUrlKind;
  readonly address: AsyncAddress;
  /** Path of the instance, byte for byte, without its query. */
  readonly path: string;
}

const PREFIX = /^\/waiter-async\/(v2\/)?(status|result)\//;
const PROTOCOLS: ReadonlySet<string> = new Set(['http', 'https', 'h2', 'h2c']);
/** 128 bits are more than anybody can try. */
const SIGNATURE_BYTES = 16;
const SIGNATURE = /^(.+)\.([A-Za-z0-9_-]{22})$/;

/**
 * URLs by which clients ask for the state and the result of an async request, on any router. Their shape is that of the
 * original; the request id in them carries a signature, without which a client could send a service's password to any
 * address (spec: request-path 7.4, Security note).
 */
export class AsyncUrls {
  constructor(
    /** Of the cluster: the first signs, all are tried when reading. */
    private readonly passwords: readonly string[],
  ) {}

  /** @param location path and query at the instance, beginning with a slash */
  write(kind: AsyncUrlKind, address: AsyncAddress, location: string): string {
    const [path = location] = location.split('?', 1);
    const { requestId, routerId, serviceId, host, port, protocol } = address;
    const signature = signatureOf(this.passwords[0] ?? '', address, path);
    const id = encodeURIComponent(`${requestId}.${signature}`);
    if (protocol === null) {
      const at = [id, encodeURIComponent(routerId), serviceId, encodeURIComponent(host), port].join('/');
      return `/waiter-async/${kind}/${at}${location}`;
    }
    const data = { host, port, proto: protocol, 'router-id': routerId, 'service-id': serviceId };
    return `/waiter-async/v2/${kind}/${id}/${Buffer.from(JSON.stringify(data)).toString('base64url')}${location}`;
  }

  /**
   * @param path of the request, without query
   * @returns null: no URL of an async request; `malformed`: something is missing; `forged`: not made by this cluster
   */
  read(path: string): ParsedAsyncUrl | 'malformed' | 'forged' | null {
    const match = PREFIX.exec(path);
    if (match === null) return null;
    const isSecond = match[1] !== undefined;
    const parts = split(path.slice(match[0].length), isSecond ? 2 : 5);
    if (parts === null) return 'malformed';
    const signed = SIGNATURE.exec(decoded(parts.fields[0] ?? '') ?? '');
    const named = isSecond ? second(parts.fields) : first(parts.fields);
    if (named === null) return 'malformed';
    const [, requestId, signature] = signed ?? [];
    if (requestId === undefined || signature === undefined) return 'forged';
    const address: AsyncAddress = { requestId, ...named };
    const valid = this.passwords.some((password) =>
      same(signatureOf(password, address, parts.path), signature),
    );
    return valid ? { kind: match[2] as AsyncUrlKind, address, path: parts.path } : 'forged';
  }
}

/** So many fields, and what follows with its slash. */
function split(rest: string, count: number): { fields: string[]; path: string } | null {
  const fields: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    const end = rest.indexOf('/', at);
    if (end <= at) return null;
    fields.push(rest.slice(at, end));
    at = end + 1;
  }
  return { fields, path: rest.slice(at - 1) };
}

type Named = Omit<AsyncAddress, 'requestId'>;

function first([, routerId = '', serviceId = '', host = '', port = '']: readonly string[]): Named | null {
  return named(decoded(routerId), serviceId, decoded(host), Number(port), null);
}

function second([, data = '']: readonly string[]): Named | null {
  try {
    const read = JSON.parse(Buffer.from(data, 'base64url').toString()) as Record<string, unknown>;
    const { host, port, proto } = read;
    if (typeof proto !== 'string' || !PROTOCOLS.has(proto)) return null;
    return named(read['router-id'], read['service-id'], host, Number(port), proto as BackendProto);
  } catch {
    return null;
  }
}

function named(
  routerId: unknown,
  serviceId: unknown,
  host: unknown,
  port: number,
  protocol: BackendProto | null,
): Named | null {
  const filled = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (!filled(routerId) || !filled(serviceId) || !filled(host)) return null;
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return null;
  return { routerId, serviceId, host, port, protocol };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Clients may encode what needs no encoding, and the other way round (RFC 3986 6.2.2). */
function normalised(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (whole, hex: string) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : whole.toUpperCase();
  });
}

function signatureOf(password: string, address: AsyncAddress, path: string): string {
  const { requestId, routerId, serviceId, host, port, protocol } = address;
  const text = JSON.stringify([requestId, routerId, serviceId, host, port, protocol, normalised(path)]);
  return createHmac('sha256', `waiter-async ${password}`)
    .update(text)
    .digest()
    .subarray(0, SIGNATURE_BYTES)
    .toString('base64url');
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
