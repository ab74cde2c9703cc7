import { isMap, own, type Json } from '@waiter/core';
import { UsageError } from '../usage-error';

export interface ControlApiOptions {
  /** Of any router: `http://host:port`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** A router's answer that says no. */
export class RefusedError extends UsageError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The control API of a cluster, as the operators' commands need it. */
export class ControlApi {
  constructor(private readonly options: ControlApiOptions) {}

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
    return this.ask('GET', path, headers);
  }

  post(path: string): Promise<Json> {
    return this.ask('POST', path, {});
  }

  /** Null for 404. */
  async find(path: string): Promise<Json> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return null;
      throw error;
    }
  }

  /** @throws RefusedError for any status that is not 2xx; UsageError when nobody answers */
  private async ask(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Json> {
    const { url, timeoutMs } = this.options;
    const base = url.replace(/\/+$/, '');
    let response: Response;
    let text: string;
    try {
      response = await fetch(base + path, {
        method,
        headers: { accept: 'application/json', ...this.options.headers, ...headers },
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'manual',
      });
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new UsageError(`${base} does not answer: ${String((cause as Error).message)}`, { cause: error });
    }
    const body = parsed(text);
    if (response.ok) return body;
    throw new RefusedError(response.status, `${base} answered ${response.status}: ${messageIn(body)}`);
  }
}

/** Plain text is its own value: ids of services come so. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function messageIn(body: Json): string {
  if (!isMap(body)) return String(body).slice(0, 300);
  const error = own(body, 'waiter-error');
  const message = isMap(error) ? own(error, 'message') : own(body, 'message');
  return typeof message === 'string' ? message : JSON.stringify(body).slice(0, 300);
}
