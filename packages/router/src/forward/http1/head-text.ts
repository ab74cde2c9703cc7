import type { RequestFacts } from '../../accept';
import { addClientHeaders, passedResponseHeaders } from '../response-headers';
import { writePassedHeaders, writePrincipal, type HeaderSink } from '../request-headers';
import { viaOf } from '../../via';
import { flat } from './flat-text';
import type { LaneHead } from './lane-head';
import type { PassedReply, ReplyHead } from './message/reply-head';

/** Collects header lines as text. */
class Lines implements HeaderSink {
  text = '';

  add(name: string, value: string): void {
    this.text += `${name}: ${value}\r\n`;
  }
}

/** Of a request without framing; node says `content-length: 0` for the others (RFC 9110 8.6). */
const WITHOUT_LENGTH: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** What the router itself states to an instance, as header lines. @param principal null: nobody is authenticated */
export function ownText(authorization: string, principal: string | null): string {
  const lines = new Lines();
  lines.add('authorization', authorization);
  writePrincipal(principal, lines);
  return flat(lines.text);
}

/**
 * A request head towards an instance (RFC 9112 3), Latin-1, by the header rules that all lanes share.
 * @param own see `ownText`
 */
export function requestHeadText(head: LaneHead, own: string, product: string): string {
  const { fields, method } = head;
  const passed = (fields.passedText ??= passedText(head, product));
  const length =
    fields.framing === 'none' && !WITHOUT_LENGTH.has(method) && fields.headers['content-length'] === undefined
      ? 'content-length: 0\r\n'
      : '';
  return `${method} ${head.target} HTTP/1.1\r\n${passed}${length}${own}x-cid: ${head.cid}\r\nconnection: keep-alive\r\n\r\n`;
}

function passedText({ headers, clientProtocol, fields }: LaneHead, product: string): string {
  const lines = new Lines();
  writePassedHeaders({ headers, chunked: fields.framing === 'chunked' }, lines);
  lines.add('via', viaOf(headers['via'], clientProtocol, product));
  return flat(lines.text);
}

/** How the client is told what becomes of its connection (RFC 9112 9.3, 9.6), with the empty line that ends a head. */
export interface ConnectionTexts {
  readonly keepAlive: string;
  readonly close: string;
}

export function connectionTexts(idleSeconds: number): ConnectionTexts {
  return {
    keepAlive: flat(`Connection: keep-alive\r\nKeep-Alive: timeout=${idleSeconds}\r\n\r\n`),
    close: 'Connection: close\r\n\r\n',
  };
}

/** What of a reply goes to clients, by the header rules that all lanes share. @param cors see `passedResponseHeaders` */
export function passedReply(
  reply: ReplyHead,
  product: string,
  cors: RequestFacts['corsHeaders'] = null,
): PassedReply {
  const { rawHeaders, httpVersion } = reply;
  const { headers, hasCid, via } = passedResponseHeaders(rawHeaders, httpVersion, product, false, cors);
  headers.push('via', via);
  let text = `HTTP/1.1 ${reply.status} ${reply.reason}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  // A body that ends with the instance's connection is sent in chunks: ours stays open.
  if (reply.framing === 'chunked' || reply.framing === 'until-close')
    text += 'Transfer-Encoding: chunked\r\n';
  return { headers, hasCid, text: flat(text), logText: undefined };
}

/** Header lines that are meant for one client alone. */
export function clientText({ corsHeaders, newCookies }: RequestFacts): string {
  if (corsHeaders === null && newCookies === null) return '';
  const lines = new Lines();
  addClientHeaders(corsHeaders, newCookies, (name, value) => lines.add(name, value));
  return lines.text;
}
