import { TOO_SLOW } from '../../../accept/client-error';
import { LAST_HEADS_MS } from '../../../accept/last-heads';
import type { ClientConnection } from './client-connection';
import { LINGER_MS } from './state';

/** Looks whether somebody took too long (spec: request-path 4). @param now monotonic milliseconds */
export function checkPatience(connection: ClientConnection, now: number): void {
  const { wire, since, endedAt } = connection;
  const { timeouts } = connection.parts.options;
  const { headAt, empty } = connection.intake;
  const stalled = wire.blockedAt > 0 && now - wire.blockedAt >= connection.stallMs;
  switch (connection.state) {
    case 'head':
      if (headAt > 0) {
        const isLast = now - connection.home.drainingSince >= LAST_HEADS_MS;
        if (isLast && empty) connection.finish();
        else if (isLast || now - headAt >= timeouts.requestHeadTimeoutMs) connection.refuse(TOO_SLOW);
      } else if (now - since >= timeouts.clientIdleTimeoutMs) connection.finish();
      break;
    case 'exchange':
      if (stalled) connection.exchange?.onClientStall();
      // The client may be gone, though it only ended its side: it gets what comes soon.
      else if (endedAt > 0 && now - Math.max(endedAt, wire.wroteAt) >= LINGER_MS) connection.destroy();
      else connection.exchange?.check(now);
      break;
    case 'draining':
      connection.drained();
      break;
    case 'flushing':
      if (stalled) connection.destroy();
      break;
    case 'closing':
      if (wire.blockedAt > 0 ? stalled : now - since >= LINGER_MS) connection.destroy();
      break;
  }
}
