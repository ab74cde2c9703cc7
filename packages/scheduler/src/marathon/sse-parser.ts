export interface SseEvent {
  /** The `event` field; `message` when there was none. */
  readonly type: string;
  readonly data: string;
}

/** More than any Marathon event; a stream that sends a longer one is not an event stream. */
const MAX_EVENT_CHARACTERS = 32 * 1024 * 1024;

/**
 * Incremental reader of a `text/event-stream` body (WHATWG HTML 9.2.6). Chunks may break anywhere, also inside a line end
 * or a character. `id` and `retry` are ignored: Marathon cannot resume a stream, a reader lists again instead.
 */
export class SseParser {
  private readonly decoder = new TextDecoder();
  private text = '';
  private skipLineFeed = false;
  private type = '';
  private data: string[] = [];
  private size = 0;

  /**
   * @returns the events completed by this chunk
   * @throws RangeError when an event grows beyond 32 Mi characters
   */
  push(chunk: Uint8Array): SseEvent[] {
    let text = this.decoder.decode(chunk, { stream: true });
    if (this.skipLineFeed && text.length > 0) {
      if (text.startsWith('\n')) text = text.slice(1);
      this.skipLineFeed = false;
    }
    const events: SseEvent[] = [];
    const lineEnd = /\r\n|\r|\n/g;
    let start = 0;
    for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
      const line = this.text + text.slice(start, match.index);
      this.text = '';
      start = lineEnd.lastIndex;
      // A carriage return that ends the chunk may be one half of a line end.
      this.skipLineFeed = match[0] === '\r' && start === text.length;
      const event = this.line(line);
      if (event !== null) events.push(event);
    }
    this.text += text.slice(start);
    if (this.text.length + this.size > MAX_EVENT_CHARACTERS) throw new RangeError('event too large');
    return events;
  }

  private line(line: string): SseEvent | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'event') this.type = value;
    if (field === 'data') {
      this.data.push(value);
      this.size += value.length + 1;
    }
    return null;
  }

  private dispatch(): SseEvent | null {
    const event =
      this.data.length === 0 ? null : { type: this.type || 'message', data: this.data.join('\n') };
    this.type = '';
    this.data = [];
    this.size = 0;
    return event;
  }
}
