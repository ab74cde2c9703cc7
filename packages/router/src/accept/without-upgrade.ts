import type { IncomingMessage } from 'node:http';

/** The head of a request once more, without the wish for another protocol, which may be ignored (RFC 9110 7.8). */
export function headWithoutUpgrade(request: IncomingMessage): Buffer {
  const { rawHeaders } = request;
  let text = `${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    const value = rawHeaders[i + 1] ?? '';
    const kept = /^connection$/i.test(name)
      ? value
          .split(',')
          .filter((token) => !/^\s*(?:upgrade|http2-settings)\s*$/i.test(token))
          .join(',')
      : value;
    text += `${name}: ${kept.trim()}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
