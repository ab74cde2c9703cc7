import type { FailureReason } from '../../outcome';
import type { LaneExchange } from './lane-exchange';

/** Whose silence ends an exchange. */
export interface Limit {
  readonly reason: FailureReason;
  readonly words: string;
}

/**
 * Looks whether somebody was silent for too long (spec: request-path 4).
 * @param now monotonic milliseconds
 */
export function tooLong(exchange: LaneExchange, now: number): Limit | null {
  const { upstream, parts, facts, upload, reply, client } = exchange;
  if (upstream === null) return null;
  const { timeouts } = parts.options;
  if (!upstream.connected) {
    const late = now - exchange.sentAt >= timeouts.connectTimeoutMs;
    return late ? { reason: 'connect', words: 'connect timeout' } : null;
  }
  const { socketTimeoutMs, streamingTimeoutMs } = facts.timeouts ?? timeouts;
  if (upload.blockedAt > 0) {
    const stalled = now - upload.blockedAt >= streamingTimeoutMs;
    return stalled ? { reason: 'upload-stalled', words: 'upload stalled' } : null;
  }
  // The client is the one that does not move; its own timer decides.
  if (client.wire.blockedAt > 0 || now - exchange.activeAt < socketTimeoutMs) return null;
  return { reason: !upload.complete && !reply.headSent ? 'client-idle' : 'idle', words: 'idle timeout' };
}
