/** Where a connection is in the life of its present request. */
export type State =
  /** Reads a head, or waits for one. */
  | 'head'
  /** The service of a request is being found. */
  | 'admitting'
  /** A request is with an instance, or waits for one. */
  | 'exchange'
  /** The rest of a request body is read and dropped; then comes our answer, or the next request. */
  | 'draining'
  /** The client has yet to take what was written, before it may ask for more. */
  | 'flushing'
  /** Everything was said; the client has a moment to take it. */
  | 'closing'
  /** Another server serves it, through us. */
  | 'lent'
  /** Closed, or no longer ours. */
  | 'gone';

/** So long may nothing happen once one side has ended; then the client counts as gone. */
export const LINGER_MS = 1_000;
