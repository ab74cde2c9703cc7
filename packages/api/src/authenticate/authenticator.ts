import type { IncomingHttpHeaders } from 'node:http';

/** Who sends a request (spec: request-path 9.1). */
export interface Identity {
  readonly method: 'single-user';
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
  authenticate(headers: IncomingHttpHeaders): Authentication | Promise<Authentication>;
}
