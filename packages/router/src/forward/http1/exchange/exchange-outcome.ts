import type { Outcome } from '../../outcome';
import type { UpstreamConnection } from '../upstream/upstream-connection';

/** What is known of an exchange whose connection to the instance is closed. */
interface Broken {
  readonly clientStalled: boolean;
  readonly client: { readonly gone: boolean };
  readonly reply: { readonly headSent: boolean };
  readonly upload: { readonly sent: boolean };
}

/** How the exchange ended, its reply not being complete (spec: request-path 6.5). */
export function outcomeOf(
  { clientStalled, client, reply, upload }: Broken,
  { failure, reused, silent }: UpstreamConnection,
): Outcome {
  if (clientStalled) return { kind: 'truncated', by: 'client' };
  if (client.gone) return { kind: 'client-gone' };
  if (reply.headSent) return { kind: 'truncated', by: 'instance' };
  const { reason, error } = failure ?? { reason: 'broken' as const, error: hangUp() };
  const stale = reason === 'broken' && reused && silent && isReset(error);
  return { kind: 'failed', reason, error, stale, bodySent: upload.sent };
}

function hangUp(): NodeJS.ErrnoException {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}
