/**
 * A router that stops gives clients so long to finish the head, or the handshake of TLS, that they have begun: a request that
 * is on its way is served, and one that never comes holds nobody up.
 */
export const LAST_HEADS_MS = 2_000;
