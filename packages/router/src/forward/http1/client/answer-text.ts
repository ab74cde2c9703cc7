import { STATUS_CODES } from 'node:http';
import type { Answer } from '../../../respond';

/** A response that the router makes itself, in Latin-1 (RFC 9112 4; RFC 9110 6.4.1, 9.3.2 on what has no body). */
export function answerText(
  { status, body }: Answer,
  headers: Readonly<Record<string, string | number>>,
  method: string,
  connection: string,
): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  const empty = method === 'HEAD' || status === 204 || status === 304;
  return `${text}${connection}${empty ? '' : Buffer.from(body).toString('latin1')}`;
}
