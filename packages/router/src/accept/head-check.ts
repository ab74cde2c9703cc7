import type { IncomingMessage } from 'node:http';
import { WaiterError } from '@waiter/core';

const refused = (message: string, status = 400): WaiterError =>
  new WaiterError(message, { status, errorCause: 'client-error' });

/**
 * Refuses heads whose meaning another server may see differently (request smuggling), beyond what the parser of node
 * refuses: repeated Host, Content-Length next to Transfer-Encoding, transfer codings other than plain chunked.
 * @returns null when the head is sound
 */
export function checkHead(message: IncomingMessage): WaiterError | null {
  const { httpVersion, rawHeaders } = message;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refused('HTTP version not supported', 505);
  let host: string | undefined;
  let hosts = 0;
  let lengths = 0;
  let coding: string | undefined;
  let codings = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // The length decides first: nearly every header is none of the three.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      hosts += 1;
      host = rawHeaders[i + 1] ?? '';
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      lengths += 1;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      codings += 1;
      coding = rawHeaders[i + 1] ?? '';
    }
  }
  if (hosts > 1) return refused('More than one Host header');
  if ((host ?? '').trim() === '' && httpVersion === '1.1') return refused('Host header is missing');
  if (lengths > 1) return refused('More than one Content-Length header');
  if (codings > 0 && lengths > 0) return refused('Content-Length and Transfer-Encoding exclude each other');
  if (codings > 1 || (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')) {
    return refused('Transfer-Encoding must be chunked');
  }
  if (codings > 0 && httpVersion === '1.0') return refused('HTTP/1.0 has no Transfer-Encoding');
  return checkTarget(message, host);
}

/** Origin form, `*` of OPTIONS, or an absolute form that names the same host. */
function checkTarget(message: IncomingMessage, host: string | undefined): WaiterError | null {
  const target = message.url ?? '';
  if (target.startsWith('/')) return null;
  if (target === '*' && message.method === 'OPTIONS') return null;
  const authority = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
  if (authority === undefined) return refused('The request target must be a path');
  if (host !== undefined && authority.toLowerCase() !== host.trim().toLowerCase()) {
    return refused('The request target and the Host header name different hosts');
  }
  return null;
}
