import type { IncomingHttpHeaders } from 'node:http';

/** Who sends a request (spec: request-path 9.1). */
export interface Identity {
  /** `internal`: another router, by the fleet's password. */
  readonly method: 'cookie' | 'internal' | 'single-user';
  readonly principal: string;
  /** The principal up to `@`. */
  readonly user: string;
}

/** Either an identity, or the answer that a client without one gets, with an empty body. */
export type Authentication =
  | { readonly identity: Identity }
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** Port: finds out who sends a request. */
export interface Authenticator {
  readonly kind: string;
  /** Whether those it knows get the cookies of 9.3, by which they are known from then on. */
  readonly issuesCookies: boolean;
  authenticate(headers: IncomingHttpHeaders): Authentication | Promise<Authentication>;
}

export function userOf(principal: string): string {
  return principal.split('@', 1)[0] ?? principal;
}
