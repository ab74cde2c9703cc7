import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly ms: number;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

/** Speaks HTTP/1.1 to one router, each request on a connection of its own, with any `Host`. */
export class FleetClient {
  readonly port: number;

  constructor(readonly url: string) {
    this.port = Number(new URL(url).port);
  }

  ask(
    path: string,
    { method = 'GET', headers = {}, body, timeoutMs = 60_000 }: AskOptions = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          agent: false,
          timeout: timeoutMs,
          headers: {
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts).toString('utf8'),
              ms: performance.now() - startedAt,
            }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${path} in ${timeoutMs} ms`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask(path, { headers });
  }

  /** A request for a token's service. */
  use(token: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask(path, { headers: { 'x-waiter-token': token, ...headers } });
  }

  /** What a browser sends once it is known, as a `Cookie` header. WebSockets need it. */
  async cookie(): Promise<string> {
    const { headers } = await this.get('/waiter-auth');
    return [headers['set-cookie'] ?? []]
      .flat()
      .map((line) => line.split(';', 1)[0])
      .join('; ');
  }

  /** Registers a token. @throws when it is refused */
  async register(token: string, description: Readonly<Record<string, unknown>>): Promise<Answer> {
    const answer = await this.ask('/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, ...description }),
    });
    if (answer.status !== 200) throw new Error(`POST /token: ${answer.status} ${answer.body}`);
    return answer;
  }

  /** Parsed JSON of the control API. */
  async json<T>(path: string): Promise<T> {
    const { status, body } = await this.get(path, { accept: 'application/json' });
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`);
    return JSON.parse(body) as T;
  }
}
