import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { HealthRegistry } from './health';
import type { MetricsAnswer, MetricsPage } from './metrics-page';

export interface StatusServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly page: MetricsPage;
  readonly health: HealthRegistry;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `/status`, `/metrics` and `/metrics/prometheus` of a process that serves nothing else. Reads only; nobody is asked who he is. */
export async function startStatusServer({
  host,
  port,
  page,
  health,
}: StatusServerOptions): Promise<StatusServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, text('Only GET supported'));
    switch (url.pathname) {
      case '/metrics':
        return send(
          response,
          200,
          await page.negotiated({ accept: request.headers.accept, query: url.searchParams }),
        );
      case '/metrics/prometheus':
        return send(response, 200, await page.prometheus());
      case '/status': {
        const report = await health.report();
        const body = { contentType: 'application/json', body: JSON.stringify(report) };
        return send(response, report.status === 'failing' ? 503 : 200, body);
      }
      default:
        return send(response, 404, text('There are /status, /metrics and /metrics/prometheus here'));
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, 500, text(error instanceof Error ? error.message : String(error)));
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const text = (message: string): MetricsAnswer => ({ contentType: 'text/plain', body: `${message}\n` });

function send(response: ServerResponse, status: number, { contentType, body }: MetricsAnswer): void {
  response.writeHead(status, { 'content-type': contentType }).end(body);
}
