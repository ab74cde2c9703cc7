import { createProxyServer, type ServerOptions } from 'http-proxy';
import type { Outcome } from './outcome';
import { servernameOf, type BackendTls } from './agents';
import { Relay, type Sending } from './relay';

/** Everything about http-proxy that is not as it comes: see the comments of `createProxy`. */
export interface Proxy {
  /** @returns when the exchange is over: reply complete, or the connection to the instance closed. Never rejects. */
  send(sending: Sending): Promise<Outcome>;
}

interface Pass {
  readonly name: string;
}

/**
 * http-proxy as the general lane uses it. The pass `deleteLength` is removed: it un-frames DELETE and OPTIONS requests
 * with a chunked body (CVE-2026-29057). `x-forwarded-*` and timeouts are not its business, so only `stream` is left.
 */
export function createProxy(maxHeaderSize: number, tls: BackendTls): Proxy {
  // toProxy: the target of the request is not rewritten; the response is relayed by `Relay`.
  const common: ServerOptions = {
    secure: tls.rejectUnauthorized,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    toProxy: true,
    prependPath: false,
    selfHandleResponse: true,
  };
  const proxy = createProxyServer({});
  const passes = proxy as unknown as { webPasses: Pass[] };
  passes.webPasses = passes.webPasses.filter(({ name }) => name === 'stream');
  // Errors reach the callback of each request; a listener keeps the rest from being thrown.
  proxy.on('error', () => undefined);
  return {
    send: (sending) =>
      new Promise((resolve) => {
        const { exchange, headers, agent, target } = sending;
        const relay = new Relay(sending, resolve);
        // http-proxy reads the headers to send from the request; the arrived ones are kept in `exchange.head`.
        exchange.request.headers = headers;
        const ssl = { maxHeaderSize, servername: servernameOf(target.host) };
        const options: ServerOptions = { ...common, agent, target, buffer: relay, ssl };
        try {
          proxy.web(exchange.request, exchange.response, options, (error) => relay.fail(error));
        } catch (error) {
          relay.unsendable(error as Error);
        }
      }),
  };
}
