import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange';

const SHOWN_OF_COOKIE = 25;
const SHOWN_OF_AUTHORIZATION = 15;

/** The request as it arrived here, which is what a proxy made of it (spec: request-path appendix A). */
export function requestInfo(exchange: Exchange): Record<string, unknown> {
  return {
    headers: shownHeaders(exchange.request),
    'protocol-version': `HTTP/${exchange.request.httpVersion}`,
    'query-string': exchange.queryString ?? null,
    'raw-headers': rawPairs(exchange.request).map(([name, value]) => [name, cut(name.toLowerCase(), value)]),
    'request-length': exchange.bodyLength,
    'request-method': exchange.method.toLowerCase(),
    'request-version': `HTTP/${exchange.request.httpVersion}`,
    trailers: { ...exchange.request.trailers },
    scheme: schemeOf(exchange),
    uri: exchange.path,
  };
}

function schemeOf({ request }: Exchange): string {
  return 'encrypted' in request.socket && request.socket.encrypted === true ? 'https' : 'http';
}

/** For `?include=request-info`. */
export function requestInfoHeaders(exchange: Exchange): Record<string, string> {
  return {
    'x-kitchen-protocol-version': `HTTP/${exchange.request.httpVersion}`,
    'x-kitchen-request-length': `${exchange.bodyLength}`,
    'x-kitchen-request-method': exchange.method.toLowerCase(),
    'x-kitchen-request-version': `HTTP/${exchange.request.httpVersion}`,
  };
}

/** Lower-case names, all values of a name joined by a comma. Secrets are cut, so that a test may print this. */
export function shownHeaders(request: IncomingMessage): Record<string, string | string[]> {
  const shown: Record<string, string | string[]> = {};
  const cookies: string[] = [];
  for (const [rawName, value] of rawPairs(request)) {
    const name = rawName.toLowerCase();
    const before = shown[name];
    if (name === 'cookie') cookies.push(...value.split(';').map((pair) => pair.trim()));
    else shown[name] = typeof before === 'string' ? `${before},${cut(name, value)}` : cut(name, value);
  }
  if (cookies.length > 0) shown['cookie'] = cookies.map((pair) => pair.slice(0, SHOWN_OF_COOKIE));
  return shown;
}

function cut(name: string, value: string): string {
  if (name === 'authorization') return value.slice(0, SHOWN_OF_AUTHORIZATION);
  return name === 'cookie' ? value.slice(0, SHOWN_OF_COOKIE) : value;
}

function rawPairs({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    pairs.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return pairs;
}
