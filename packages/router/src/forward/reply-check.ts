import type { IncomingMessage } from 'node:http';

/**
 * What is wrong with the framing of a response, beyond what the parser of node refuses. A coding other than chunked would have
 * to be undone, or passed on; no instance was asked for one (RFC 9112 6.1), and node reads such a body as if it had none.
 */
export function replyFault({ headers, httpVersion }: IncomingMessage): Error | null {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return null;
  // Repeated headers arrive here as a list.
  if (httpVersion === '1.1' && coding.toLowerCase() === 'chunked') return null;
  return new Error('malformed transfer coding of the response');
}
