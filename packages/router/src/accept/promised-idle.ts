/**
 * How long clients are told that an idle connection is kept: a second less than it is, so that a request that was sent in the
 * last moment does not cross with the end of the connection.
 */
export function promisedSeconds(idleMs: number): number {
  return Math.max(1, Math.floor(idleMs / 1_000) - 1);
}
