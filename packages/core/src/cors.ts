import { WaiterError } from './errors';
import { isMap, own, type JsonMap } from './json';
import { CORS_METHODS } from './parameters';
import { compilePattern, PatternError, type Pattern } from './patterns';
import type { Json } from './words';

export const CORS_KINDS = ['token-parameter', 'patterns', 'allow-all', 'deny-all'] as const;

/** Which pages of other origins may call (spec: request-path 9.9). */
export interface CorsSettings {
  /**
   * Besides pages of the same origin: `token-parameter` those that the token's `cors-rules` name, and the patterns;
   * `patterns` only these; `allow-all`; `deny-all`, which also refuses the same origin.
   */
  readonly kind: (typeof CORS_KINDS)[number];
  /** Regular expressions for whole origins. */
  readonly allowedOrigins: readonly string[];
  /** Response headers of the API that pages of other origins may read. */
  readonly exposedHeaders: readonly string[];
  /** So long may browsers remember the answer to a preflight. */
  readonly maxAgeMs: number;
  /** Whether pages of other origins need leave for WebSockets too. They do not in the original. */
  readonly webSockets: boolean;
}

export const DEFAULT_CORS: CorsSettings = {
  kind: 'token-parameter',
  allowedOrigins: [],
  exposedHeaders: ['etag', 'x-cid'],
  maxAgeMs: 3_600_000,
  webSockets: false,
};

/** One of a token's `cors-rules`, compiled. */
export interface CorsRule {
  readonly origin: Pattern;
  /** null: every path. */
  readonly path: Pattern | null;
  /** null: every method. */
  readonly methods: readonly string[] | null;
}

/** What is looked at of a request that has an `Origin`. */
export interface CorsRequest {
  readonly origin: string;
  /** Lower-case, without colon. */
  readonly scheme: string;
  readonly host: string | null;
  /** Without query. */
  readonly path: string;
  readonly method: string;
}

/** The rules of a token's metadata. Stored ones that RE2 does not know (of another cluster, say) allow nothing. */
export function corsRulesOf(metadata: JsonMap): readonly CorsRule[] {
  const rules = own(metadata, 'cors-rules');
  return Array.isArray(rules) ? rules.flatMap((rule) => ruleOf(rule) ?? []) : [];
}

function ruleOf(rule: Json): CorsRule | null {
  if (!isMap(rule)) return null;
  const { 'origin-regex': origin, 'target-path-regex': path, methods } = rule;
  if (typeof origin !== 'string') return null;
  try {
    return {
      origin: compilePattern(origin),
      path: typeof path === 'string' ? compilePattern(path) : null,
      methods: Array.isArray(methods) ? methods.filter((method) => typeof method === 'string') : null,
    };
  } catch (error) {
    if (error instanceof PatternError) return null;
    throw error;
  }
}

/** Whether the page was loaded from where it calls. A WebSocket has the origin of its page, which is no `ws`. */
export function isSameOrigin({ origin, scheme, host }: CorsRequest): boolean {
  return host !== null && origin === `${scheme.replace(/^ws/, 'http')}://${host}`;
}

type Verdict =
  | { readonly allowed: true; readonly methods: readonly string[] }
  | { readonly allowed: false; readonly checks: readonly string[] };

/** Decides on requests from pages of other origins, and words the answers. */
export class CorsPolicy {
  private readonly patterns: readonly Pattern[];

  /** @throws PatternError */
  constructor(private readonly settings: CorsSettings) {
    this.patterns = settings.allowedOrigins.map(compilePattern);
  }

  private verdict(request: CorsRequest, rules: readonly CorsRule[]): Verdict {
    const { kind } = this.settings;
    const all: Verdict = { allowed: true, methods: CORS_METHODS };
    if (kind === 'allow-all') return all;
    if (kind === 'deny-all') return { allowed: false, checks: ['deny-all'] };
    const { origin, path, method } = request;
    if (isSameOrigin(request) || this.patterns.some((pattern) => pattern.matches(origin))) return all;
    if (kind === 'patterns') return { allowed: false, checks: ['origin-same', 'origin-patterns'] };
    const rule = rules.find(
      (one) =>
        one.origin.matches(origin) &&
        (one.path?.matches(path) ?? true) &&
        (one.methods?.includes(method) ?? true),
    );
    return rule === undefined
      ? { allowed: false, checks: ['origin-same', 'origin-patterns', 'token-rules'] }
      : { allowed: true, methods: rule.methods ?? CORS_METHODS };
  }

  /**
   * Headers of a response to a page of this origin.
   * @throws WaiterError 403 when it may not call
   */
  responseHeaders(request: CorsRequest, rules: readonly CorsRule[]): Readonly<Record<string, string>> {
    const verdict = this.verdict(request, rules);
    if (!verdict.allowed) throw forbidden('waiter.CorsRequestForbidden', request, verdict.checks);
    return allowance(request.origin);
  }

  /** The same for the API, whose rules are the configuration alone. @throws WaiterError 403 */
  apiResponseHeaders(request: CorsRequest): Readonly<Record<string, string>> {
    const headers = this.responseHeaders(request, []);
    return isSameOrigin(request) ? headers : { ...headers, ...this.exposed };
  }

  get checksWebSockets(): boolean {
    return this.settings.webSockets;
  }

  get exposed(): Readonly<Record<string, string>> {
    return { 'access-control-expose-headers': this.settings.exposedHeaders.join(', ') };
  }

  /**
   * Headers of the answer to a preflight. As in the original the method that is looked for among those of a rule is
   * OPTIONS itself; that the browser goes on only with a method of the list is its own business.
   * @param rules null: of the API, where every page may ask
   * @throws WaiterError 403
   */
  preflightHeaders(
    request: CorsRequest,
    requestedHeaders: string | undefined,
    rules: readonly CorsRule[] | null,
  ): Readonly<Record<string, string>> {
    const { origin } = request;
    if (origin.trim() === '')
      throw forbidden('waiter.CorsPreflightForbidden', request, [], 'No origin provided');
    const verdict: Verdict =
      rules === null ? { allowed: true, methods: CORS_METHODS } : this.verdict(request, rules);
    if (!verdict.allowed) throw forbidden('waiter.CorsPreflightForbidden', request, verdict.checks);
    return {
      ...allowance(origin),
      'access-control-allow-headers': requestedHeaders || '*',
      'access-control-allow-methods': verdict.methods.join(', '),
      'access-control-max-age': String(Math.floor(this.settings.maxAgeMs / 1000)),
    };
  }
}

export function allowance(origin: string): Readonly<Record<string, string>> {
  return { 'access-control-allow-credentials': 'true', 'access-control-allow-origin': origin };
}

function forbidden(
  errorClass: 'waiter.CorsPreflightForbidden' | 'waiter.CorsRequestForbidden',
  { origin, host, scheme }: CorsRequest,
  checks: readonly string[],
  message = 'Cross-origin request not allowed',
): WaiterError {
  return new WaiterError(message, {
    status: 403,
    errorClass,
    errorCause: 'cors-error',
    details: { 'cors-checks': [...checks], origin, 'request-host': host, 'request-scheme': scheme },
  });
}

/** A browser asks whether a page may send a request, before it does. */
export function isPreflight(method: string, headers: Readonly<Record<string, unknown>>): boolean {
  return (
    method === 'OPTIONS' &&
    headers['origin'] !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}
