import type { OutgoingRequest } from '../request-headers';
import { writeRequestHeaders, type HeaderSink } from '../request-headers';
import type { Reply } from './reply-scan';

/** Collects header lines as text. */
class Lines implements HeaderSink {
  text = '';

  add(name: string, value: string): void {
    this.text += `${name}: ${value}\r\n`;
  }
}

/** Of a request without framing; node says `content-length: 0` for the others (RFC 9110 8.6). */
const WITHOUT_LENGTH: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** A request head towards an instance (RFC 9112 3), Latin-1, by the header rules that all lanes share. */
export function requestHeadText(method: string, target: string, outgoing: OutgoingRequest): string {
  const lines = new Lines();
  lines.text = `${method} ${target} HTTP/1.1\r\n`;
  writeRequestHeaders(outgoing, lines);
  if (!outgoing.chunked && !WITHOUT_LENGTH.has(method) && outgoing.headers['content-length'] === undefined) {
    lines.add('content-length', '0');
  }
  return `${lines.text}connection: keep-alive\r\n\r\n`;
}

/** How the client is told what becomes of its connection (RFC 9112 9.3, 9.6). */
export function connectionLines(keepAlive: boolean, idleSeconds: number): string {
  if (!keepAlive) return 'Connection: close\r\n';
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${idleSeconds}\r\n`;
}

/** @param headers names and values in turn, by the header rules that all lanes share */
export function replyHeadText(
  { status, reason, framing }: Pick<Reply, 'status' | 'reason' | 'framing'>,
  headers: readonly string[],
  connection: string,
): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  // A body that ends with the instance's connection is sent in chunks: ours stays open.
  if (framing === 'chunked' || framing === 'until-close') text += 'Transfer-Encoding: chunked\r\n';
  return `${text}${connection}\r\n`;
}

/** An interim response, which goes through to the client as it is (RFC 9110 15.2), less what concerns one connection. */
export function interimText({ status, reason, rawHeaders }: Reply): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (/^(?:connection|keep-alive|transfer-encoding|content-length|upgrade)$/i.test(name)) continue;
    text += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}
