/** Who sends a request (spec: request-path 9.1). */
export interface Identity {
  /** Other authenticators bring their own; `internal`: another router, by the fleet's password. */
  readonly method: 'cookie' | 'internal' | 'single-user' | (string & {});
  readonly principal: string;
  /** The principal up to `@`. */
  readonly user: string;
}

/** Either an identity, or the answer that a client without one gets, with an empty body. */
export type Authentication = { readonly identity: Identity } | Refusal;

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Request headers by lower-case name, as node or the router has them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Port: finds out who sends a request. Synchronous where that needs nobody else: it runs for every proxied request. */
export interface Authenticator {
  readonly kind: string;
  /** Whether those it knows get the cookies of 9.3, by which they are known from then on. */
  readonly issuesCookies: boolean;
  /**
   * Request headers that it looks at, lower-case, beside cookies; a request without any of them is like every other one.
   * null: it looks at more, so that what was found out of one request says nothing of the next.
   */
  readonly credentials: readonly string[] | null;
  authenticate(headers: RequestHeaders): Authentication | Promise<Authentication>;
}

export function identityOf(principal: string, method: Identity['method']): Identity {
  return { method, principal, user: principal.split('@', 1)[0] ?? principal };
}
