import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type * as Ws from 'ws';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Activity } from './activity';
import { lorem } from './lorem';
import type { KitchenOptions } from './options';
import { shownHeaders } from './request-info';

const DEFAULT_LIMIT = 64 * 1024 * 1024;

export interface WebSocketsOptions extends KitchenOptions {
  readonly activity: Activity;
  state(): Record<string, number>;
}

/** The websocket side of the kitchen, on any path (spec: cli-contract 6). */
export class WebSockets {
  private server: WebSocketServer | undefined;

  constructor(private readonly options: WebSocketsOptions) {}

  /** Loads `ws` with the first upgrade only, which keeps it out of the start-up time. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.server ??= this.makeServer();
    this.server.handleUpgrade(request, socket, head, (client) => this.converse(client, request));
  }

  /** Says goodbye with 1001 (going away). */
  close(): void {
    for (const client of this.server?.clients ?? []) client.close(1001, 'kitchen is closing');
  }

  private makeServer(): WebSocketServer {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded on demand, see above
    const { WebSocketServer: Server } = require('ws') as typeof Ws;
    const server = new Server({
      noServer: true,
      maxPayload: 0, // we measure and close with 1011; ws would close with 1009
      // The first header as it is: a client that offers two gets no valid choice, which is what the cases rest on.
      handleProtocols: (_offered, request) => firstProtocolHeader(request) ?? false,
    });
    server.on('headers', (lines, request) => {
      lines.push('Server: kitchen/1.0');
      const cid = request.headers['x-cid'];
      if (typeof cid === 'string') lines.push(`x-cid: ${cid}`);
    });
    return server;
  }

  private converse(client: WebSocket, request: IncomingMessage): void {
    client.once('close', this.options.activity.beginWebSocket());
    client.on('error', () => undefined); // a protocol error also closes, with the code that fits
    client.on('message', (data: Buffer, isBinary) => {
      if (this.withinLimit(client, data.length, isBinary)) this.reply(client, request, data, isBinary);
    });
    client.send('Connected to kitchen');
  }

  private reply(client: WebSocket, request: IncomingMessage, data: Buffer, isBinary: boolean): void {
    const text = isBinary || data.length > 100 ? '' : data.toString();
    const [, kind, size] = /^(bytes|chars)-(\d+)$/.exec(text) ?? [];
    if (text === 'request-info') client.send(JSON.stringify(upgradeInfo(request)));
    else if (text === 'kitchen-state') client.send(JSON.stringify(this.options.state()));
    else if (kind === undefined) client.send(data, { binary: isBinary });
    else if (this.withinLimit(client, Number(size), kind === 'bytes')) {
      client.send(Buffer.concat([...lorem(Number(size))]), { binary: kind === 'bytes' });
    }
  }

  private withinLimit(client: WebSocket, size: number, isBinary: boolean): boolean {
    const { wsMaxBinaryMessageSize, wsMaxTextMessageSize } = this.options;
    const limit = (isBinary ? wsMaxBinaryMessageSize : wsMaxTextMessageSize) ?? DEFAULT_LIMIT;
    if (size <= limit) return true;
    client.close(
      1011,
      `${isBinary ? 'Binary' : 'Text'} message of ${size} bytes exceeds maximum size ${limit}`,
    );
    return false;
  }
}

function upgradeInfo(request: IncomingMessage): Record<string, unknown> {
  const [uri = '/', query] = (request.url ?? '/').split(/\?(.*)/s);
  return {
    headers: shownHeaders(request),
    'protocol-version': 'HTTP/1.1',
    'query-string': query ?? null,
    'request-length': 0,
    'request-method': 'get',
    'request-version': `HTTP/${request.httpVersion}`,
    uri,
  };
}

function firstProtocolHeader({ rawHeaders }: IncomingMessage): string | undefined {
  const at = rawHeaders.findIndex(
    (name, i) => i % 2 === 0 && name.toLowerCase() === 'sec-websocket-protocol',
  );
  return at < 0 ? undefined : rawHeaders[at + 1];
}
