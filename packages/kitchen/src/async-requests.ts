import { json, type Answer } from './answer';
import type { Exchange } from './exchange';
import { requestInfo } from './request-info';

const DONE_AFTER_MS = 20_000;
const KEPT_MS = 10_000;

interface Entry {
  readonly result: Record<string, unknown>;
  readonly cancellable: boolean;
  readonly silentCancel: boolean;
  done: boolean;
  timer: NodeJS.Timeout;
}

/** `/async/request`, `/async/status` and `/async/result` (spec: cli-contract 6). */
export class AsyncRequests {
  private readonly entries = new Map<string, Entry>();

  get size(): number {
    return this.entries.size;
  }

  accept(exchange: Exchange): Answer {
    const id =
      exchange.knob('request-id') ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    clearTimeout(this.entries.get(id)?.timer);
    const entry: Entry = {
      result: { ...requestInfo(exchange), cid: exchange.cid, 'request-id': id },
      cancellable: allowed(exchange, 'allow-async-cancel'),
      silentCancel: allowed(exchange, '204-on-async-cancel'),
      done: false,
      timer: setTimeout(
        () => {
          entry.done = true;
          entry.timer = setTimeout(
            () => this.entries.delete(id),
            exchange.number('store-async-response-ms') ?? KEPT_MS,
          );
        },
        exchange.number('delay-ms') ?? DONE_AFTER_MS,
      ),
    };
    this.entries.set(id, entry);
    return {
      status: 202,
      headers: { location: `/async/status?request-id=${encodeURIComponent(id)}`, 'x-kitchen-request-id': id },
      body: `Accepted request ${id}`,
    };
  }

  status(exchange: Exchange): Answer {
    const id = exchange.query('request-id');
    if (!id) return { status: 400, body: 'Missing request-id' };
    const entry = this.entries.get(id);
    if (entry === undefined) return { status: 410, body: `No data found for request-id ${id}` };
    const headers = { 'x-kitchen-request-id': id };
    if (exchange.method === 'DELETE') {
      if (!entry.cancellable || !allowed(exchange, 'allow-async-cancel')) {
        return { status: 405, headers, body: 'Method Not Allowed' };
      }
      clearTimeout(entry.timer);
      this.entries.delete(id);
      return entry.silentCancel && allowed(exchange, '204-on-async-cancel')
        ? { status: 204, headers, body: '' }
        : { status: 200, headers, body: `Deleted request-id ${id}` };
    }
    if (!entry.done) return { status: 200, headers, body: `Still processing request-id ${id}` };
    const location = `/async/result?request-id=${encodeURIComponent(id)}`;
    return { status: 303, headers: { ...headers, location }, body: `Result of request-id ${id} is ready` };
  }

  result(exchange: Exchange): Answer {
    const id = exchange.query('request-id');
    if (!id) return { status: 400, body: 'Missing request-id' };
    const entry = this.entries.get(id);
    return entry?.done ? json(entry.result) : { status: 404, body: `No result for request-id ${id}` };
  }

  close(): void {
    for (const { timer } of this.entries.values()) clearTimeout(timer);
    this.entries.clear();
  }
}

/** Said by the header of the request at hand or of the one that began it. */
function allowed(exchange: Exchange, name: string): boolean {
  return exchange.knob(name)?.toLowerCase() !== 'false';
}
