import { hostWithoutPort, own, type JsonMap } from '@waiter/core';
import type { RequestHead } from '../accept';
import type { Answer } from '../respond';

/** Tokens that demand https send plain requests there; only the token's word counts (spec: request-path 8.3). */
export function httpsRedirect(head: RequestHead, metadata: JsonMap): Answer | null {
  if (own(metadata, 'https-redirect') !== true) return null;
  if (head.scheme !== 'http' && head.scheme !== 'ws') return null;
  const permanent = head.method === 'GET' || head.method === 'HEAD';
  const host = hostWithoutPort(head.host ?? '');
  return {
    status: permanent ? 301 : 307,
    headers: { location: `https://${host.includes(':') ? `[${host}]` : host}${head.target}` },
    body: '',
  };
}
