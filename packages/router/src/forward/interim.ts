import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../accept';

/** An instance that says more before its response is broken: whatever it says is passed on, wanted or not. */
const MOST = 100;

/** Counts what an instance says before its response. */
export class InterimCount {
  private seen = 0;

  /** One more came. @returns null, or what is wrong with that */
  fault(): Error | null {
    this.seen += 1;
    return this.seen > MOST ? new Error('too many interim responses') : null;
  }
}

/** What an instance says before its response. */
export interface Interim {
  readonly status: number;
  readonly reason?: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

/** An interim response, which goes through to the client as it is (RFC 9110 15.2), less what concerns one connection. */
export function interimText({ status, reason, rawHeaders }: Interim): string {
  let text = `HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (/^(?:connection|keep-alive|transfer-encoding|content-length|upgrade)$/i.test(name)) continue;
    text += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

/** To a client of the general lane. Node sends only some of them, and only with the fields that it knows. */
export function sendInterim({ head, response }: Exchange, interim: Interim): void {
  if (response.headersSent || response.destroyed || head.internalProtocol !== 'HTTP/1.1') return;
  response.socket?.write(interimText(interim), 'latin1');
}
