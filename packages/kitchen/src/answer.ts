/** A response body that is made while it is sent; `length` where it is known before. */
export interface MadeBody {
  readonly length: number | undefined;
  readonly pieces: Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** What a route answers, before the request's `x-kitchen-` headers have their say. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer | MadeBody;
  /** Forces or forbids chunked framing; by default the request decides. */
  readonly chunked?: boolean;
}

export function json(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
