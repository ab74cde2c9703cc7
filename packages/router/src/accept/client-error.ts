/** What can be said to a client whose bytes make no request, or one too many. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly words: string;
}

export const TOO_LARGE: Refusal = {
  status: 431,
  reason: 'Request Header Fields Too Large',
  words: 'The request head is too large',
};
export const TOO_SLOW: Refusal = {
  status: 408,
  reason: 'Request Timeout',
  words: 'The request head did not arrive in time',
};
export const MALFORMED: Refusal = {
  status: 400,
  reason: 'Bad Request',
  words: 'The request is not well-formed HTTP/1.1',
};

export const TARGET_TOO_LONG: Refusal = {
  status: 414,
  reason: 'URI Too Long',
  words: 'The request line is too long',
};
export const NO_TUNNELS: Refusal = {
  status: 405,
  reason: 'Method Not Allowed',
  words: 'CONNECT is not supported',
};
export const TOO_MANY_HEADERS: Refusal = {
  status: 431,
  reason: 'Request Header Fields Too Large',
  words: 'The request has too many header fields',
};
export const TOO_MANY_REQUESTS: Refusal = {
  status: 429,
  reason: 'Too Many Requests',
  words: 'Too many requests on this connection',
};
export const TOO_MANY_CONNECTIONS: Refusal = {
  status: 503,
  reason: 'Service Unavailable',
  words: 'Too many connections',
};

/** What `node:http` tells with 'clientError'. */
export interface ParserError extends NodeJS.ErrnoException {
  /** What was read last, of which `bytesParsed` were understood. */
  readonly rawPacket?: Buffer;
}

/**
 * @param error that the parser or the server reports @param headBytes that a head may have
 * @returns null: there is nobody to talk to any more
 */
export function refusalOf({ code, rawPacket }: ParserError, headBytes: number): Refusal | null {
  if (code === 'ECONNRESET' || code === 'EPIPE') return null;
  if (code === 'HPE_HEADER_OVERFLOW') return isOneLine(rawPacket, headBytes) ? TARGET_TOO_LONG : TOO_LARGE;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : MALFORMED;
}

/** A request line alone is too long. One that came in several packets is not told from a long field. */
function isOneLine(bytes: Buffer | undefined, headBytes: number): boolean {
  if (bytes === undefined || !/^[A-Z-]+ /.test(bytes.toString('latin1', 0, 32))) return false;
  const end = bytes.indexOf('\n');
  return end < 0 || end > headBytes;
}

/** A whole response in bytes, for a connection that has no response object (any more). It ends the connection. */
export function rawResponse(
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  const framed = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  return rawHead(status, reason, Object.entries(framed).flat()) + body;
}

/** A response head in bytes. @param headers names and values in turn */
export function rawHead(status: number, reason: string, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}

export function rawRefusal(
  { status, reason, words }: Refusal,
  headers: Readonly<Record<string, string>>,
): string {
  return rawResponse(status, reason, { 'content-type': 'text/plain', ...headers }, `${words}\n`);
}
