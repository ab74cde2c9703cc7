import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMap, type Json, type JsonMap } from '@waiter/core';
import type { Express } from 'express';

export interface ListeningApp {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

export async function listen(app: Express): Promise<ListeningApp> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port, server, close };
}

export interface WatchEvent {
  readonly id: string;
  readonly type: string;
  readonly 'reference-type': string;
  readonly object: readonly JsonMap[];
}

/** For tests: a client of `GET /tokens?watch=true` that keeps what it was told, as the original's clients do. */
export class Watcher {
  readonly events: WatchEvent[] = [];
  /** The response has ended by itself. */
  ended = false;
  /** Its connection has broken. */
  broken = false;
  heartbeats = 0;
  readonly startedAt = performance.now();
  endedAt = 0;

  private constructor(private readonly cut: () => void) {}

  /** @param reads false: takes the head of the response and nothing of its body */
  static async start(port: number, query = '', reads = true): Promise<Watcher> {
    return new Promise((resolve, reject) => {
      const outgoing = get(
        { host: '127.0.0.1', port, path: `/tokens?watch=true${query}`, agent: false },
        (response) => {
          if (response.statusCode !== 200 || response.headers['content-type'] !== 'application/json') {
            response.resume();
            reject(new Error(`watch was answered with ${response.statusCode}`));
            return;
          }
          const watcher = new Watcher(() => outgoing.destroy());
          resolve(watcher);
          response.on('error', () => undefined);
          response.once('close', () => {
            watcher.ended = response.complete;
            watcher.broken = !response.complete;
            watcher.endedAt = performance.now();
          });
          if (!reads) return;
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            const lines = (text + piece).split('\n');
            text = lines.pop() ?? '';
            for (const line of lines) {
              if (line === '') watcher.heartbeats += 1;
              else watcher.events.push(JSON.parse(line) as WatchEvent);
            }
          });
        },
      );
      outgoing.once('error', reject);
    });
  }

  /** All tokens, as the events so far make them. */
  view(): ReadonlyMap<string, JsonMap> {
    const tokens = new Map<string, JsonMap>();
    for (const { type, object } of this.events) {
      if (type === 'INITIAL') tokens.clear();
      for (const item of object) {
        const entry: Json | undefined = type === 'INITIAL' ? { ...item } : item['object'];
        if (!isMap(entry)) throw new Error('an event without object');
        if (item['type'] === 'DELETE') tokens.delete(String(entry['token']));
        else tokens.set(String(entry['token']), entry);
      }
    }
    return tokens;
  }

  /** @throws Error after five seconds */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 5_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  /** Everything that was told of one token after INITIAL. */
  told(token: string): readonly JsonMap[] {
    return this.events
      .filter(({ type }) => type === 'EVENTS')
      .flatMap(({ object }) => object)
      .filter((item) => isMap(item['object']) && item['object']['token'] === token);
  }

  close(): void {
    this.cut();
  }
}
