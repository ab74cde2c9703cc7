import type { OutgoingHttpHeaders } from 'node:http2';
import { lowerCaseName } from '../../accept';
import { isHopByHop } from '../hop-by-hop';

/** Names and values in turn, as pairs. */
export function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}

/** The same without pseudo headers. */
export function withoutPseudo(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!name.startsWith(':')) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

/** Of these `node:http2` sends one only, and throws where it is given more. */
const SINGLE: ReadonlySet<string> = new Set(
  (
    'access-control-allow-credentials access-control-max-age access-control-request-method age authorization ' +
    'content-encoding content-language content-length content-location content-md5 content-range content-type date ' +
    'dnt etag expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified ' +
    'location max-forwards proxy-authorization range referer retry-after tk upgrade-insecure-requests user-agent ' +
    'x-content-type-options'
  ).split(' '),
);

/** Header lines as `node:http2` takes them: lower-case, repeated ones as lists; the first counts where there may be one. */
function collect(fields: OutgoingHttpHeaders, raw: readonly string[], drop: (name: string) => boolean): void {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lowerCaseName(raw[i] ?? '');
    const value = raw[i + 1] ?? '';
    if (drop(name)) continue;
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else if (!SINGLE.has(name)) fields[name] = [String(before), value];
  }
}

const NONE: ReadonlySet<string> = new Set();
const nothing = (): boolean => false;

/** @param headers names and values in turn, by the header rules that all lanes share */
export function responseFields(status: number, headers: readonly string[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { ':status': status };
  collect(fields, headers, nothing);
  return fields;
}

/** Of an interim response (RFC 9110 15.2), less what concerns one connection. */
export function interimFields(status: number, rawHeaders: readonly string[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { ':status': status };
  collect(fields, rawHeaders, (name) => isHopByHop(name, NONE) || name === 'content-length');
  return fields;
}

/** What a trailer may not say: it comes too late for that (RFC 9110 6.5.1). */
const NO_TRAILERS: ReadonlySet<string> = new Set(['content-length', 'host', 'set-cookie', 'authorization']);

/** Trailers of either protocol, as they may be passed on. */
export function passedTrailers(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [name, value] of pairs(raw)) {
    const lower = lowerCaseName(name);
    if (!lower.startsWith(':') && !isHopByHop(lower, NONE) && !NO_TRAILERS.has(lower)) kept.push(name, value);
  }
  return kept;
}

export function trailerFields(trailers: readonly string[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  collect(fields, trailers, nothing);
  return fields;
}
