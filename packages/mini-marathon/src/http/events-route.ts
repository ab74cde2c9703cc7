import type { RequestHandler, Response } from 'express';
import { methodNotAllowed } from '../api-error';
import type { Cluster } from '../cluster';
import type { MarathonEvent } from '../events/event-bus';
import { eventView } from '../events/event-view';
import { values } from './request';

const MAX_BUFFERED = 1024;
const PATIENCE_MS = 2000;
const HEARTBEAT_MS = 10_000;

/**
 * `GET /v2/events` (4B.7): server-sent events, `event_type` filters, plans in full unless `plan-format=light`. A subscriber
 * that lets more than 1024 events pile up for 2 s is disconnected.
 */
export function eventsRoute(cluster: Cluster): RequestHandler {
  return (request, response) => {
    if (!(request.get('accept') ?? '').includes('text/event-stream')) {
      throw methodNotAllowed();
    }
    const wanted = new Set(values(request, 'event_type'));
    const light = values(request, 'plan-format').includes('light');
    const remoteAddress = request.socket.remoteAddress ?? '';
    response.writeHead(200, { 'content-type': 'text/event-stream;charset=utf-8' });
    response.flushHeaders();
    request.socket.setNoDelay(true);
    const stream = new EventStream(response);
    const detach = cluster.events.subscribe(
      (event) => {
        if (wanted.size > 0 && !wanted.has(event.eventType)) return;
        stream.send(frame(event, light));
        // Somebody may wait for the task's ports, and starting its process takes milliseconds.
        if (event.eventType === 'status_update_event') stream.flush();
      },
      () => response.end(),
    );
    const heartbeat = setInterval(() => stream.send('\r\n'), HEARTBEAT_MS);
    cluster.events.publish('event_stream_attached', { remoteAddress });
    response.on('close', () => {
      clearInterval(heartbeat);
      detach();
      cluster.events.publish('event_stream_detached', { remoteAddress });
    });
  };
}

function frame(event: MarathonEvent, light: boolean): string {
  return `event: ${event.eventType}\r\ndata: ${JSON.stringify(eventView(event, light))}\r\n\r\n`;
}

/** Writes as fast as the client reads, and buffers no more than it may. */
class EventStream {
  private readonly buffered: string[] = [];
  /** Since when the client has not taken everything; a burst within one turn of the loop is not its fault. */
  private stalledAt = 0;

  constructor(private readonly response: Response) {
    response.on('drain', () => this.drain());
    // A write that crosses the client's hang-up fails; `close` follows and ends the subscription.
    response.on('error', () => undefined);
  }

  send(text: string): void {
    if (this.response.destroyed) return;
    if (this.buffered.length === 0) {
      if (!this.response.writableNeedDrain) {
        this.response.write(text);
        return;
      }
      this.stalledAt = performance.now();
    }
    this.buffered.push(text);
    if (this.buffered.length > MAX_BUFFERED && performance.now() - this.stalledAt > PATIENCE_MS)
      this.response.destroy();
  }

  /** Hands what was written to the kernel now. Node would hold it until this turn of the loop is over. */
  flush(): void {
    this.response.socket?.uncork();
  }

  private drain(): void {
    while (this.buffered.length > 0 && !this.response.writableNeedDrain)
      this.response.write(this.buffered.shift());
  }
}
