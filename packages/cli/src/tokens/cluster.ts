import { membersOf } from './json-text';
import { sameValue } from './same-token';
import type { TokenCopy } from './token-copy';

export interface ClusterOptions {
  readonly url: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For one request; default 30 s. */
  readonly timeoutMs?: number;
  /** After the first attempt; default 4. */
  readonly retries?: number;
  /** Before the first retry, doubled each time; default 250 ms. */
  readonly retryDelayMs?: number;
}

/** One row of `GET /tokens?include=deleted&include=metadata`. */
export interface TokenRow {
  readonly token: string;
  readonly owner: string | null;
  readonly deleted: boolean;
  readonly etag: string | null;
  /** Epoch ms; 0 when the cluster does not say. */
  readonly updatedAtMs: number;
}

/** The cluster answered, and not as wished. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly text: string;
  /** 1 for the first. */
  readonly attempt: number;
}

const PASSING = new Set([429, 502, 503, 504]);
const ALL = 'include=deleted&include=metadata';

/** The REST API of one cluster's tokens (spec: services-and-tokens 4.1, 4.2), as far as the token tools need it. */
export class Cluster {
  readonly url: string;

  constructor(private readonly options: ClusterOptions) {
    this.url = options.url.replace(/\/+$/, '');
  }

  /** All tokens, soft-deleted ones too. @param owners only theirs; empty: everybody's */
  async list(owners: readonly string[] = []): Promise<TokenRow[]> {
    const query = owners.map((owner) => `&owner=${encodeURIComponent(owner)}`).join('');
    const { text } = this.accepted(await this.ask('GET', `/tokens?${ALL}${query}`));
    const rows: unknown = JSON.parse(text);
    return Array.isArray(rows) ? rows.flatMap(rowOf) : [];
  }

  /** Null when there is no such token. */
  async read(token: string): Promise<TokenCopy | null> {
    const answer = await this.ask('GET', `/token?token=${encodeURIComponent(token)}&${ALL}`);
    if (answer.status === 404) return null;
    const { text, etag } = this.accepted(answer);
    JSON.parse(text);
    return { text, etag };
  }

  /**
   * Puts a copy in place of the present one, in admin mode, byte for byte as it was read.
   * @param present what the copy replaces; null: nothing, or a deleted token
   * @throws ClusterError 412 when that is not what is there any more
   */
  async write(token: string, copy: Pick<TokenCopy, 'text'>, present: TokenCopy | null): Promise<void> {
    const path = `/token?token=${encodeURIComponent(token)}&update-mode=admin`;
    const answer = await this.ask('POST', path, {
      headers: { 'if-match': present?.etag ?? '', 'content-type': 'application/json' },
      body: copy.text,
    });
    // The first attempt may have arrived although its answer did not: then the token is no longer what it was.
    if (answer.status === 412 && answer.attempt > 1) {
      const now = await this.read(token);
      if (now !== null && sameValue(now.text, copy.text)) return;
    }
    this.accepted(answer);
  }

  /** Removes a token that is soft-deleted, unless it was created again meanwhile. */
  async removeDeleted(token: string): Promise<void> {
    const answer = await this.ask('DELETE', '/token?hard-delete=true', {
      headers: { 'x-waiter-token': token, 'if-match': '' },
    });
    if (answer.status === 404) return;
    this.accepted(answer);
  }

  /** `GET /settings`. */
  async settings(): Promise<unknown> {
    return JSON.parse(this.accepted(await this.ask('GET', '/settings')).text);
  }

  private accepted(answer: Answer): Answer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new ClusterError(answer.status, `${this.url} answered ${answer.status}: ${messageIn(answer.text)}`);
  }

  private async ask(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Readonly<Record<string, string>>; body?: string } = {},
  ): Promise<Answer> {
    const { retries = 4, retryDelayMs = 250 } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await this.once(method, path, headers, body);
        if (attempt > retries || !PASSING.has(answer.status)) return { ...answer, attempt };
      } catch (error) {
        if (attempt > retries)
          throw new Error(`${this.url} does not answer: ${reasonOf(error)}`, { cause: error });
      }
      await new Promise((done) => setTimeout(done, retryDelayMs * 2 ** (attempt - 1)));
    }
  }

  private async once(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<Omit<Answer, 'attempt'>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { accept: 'application/json', ...this.options.headers, ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(this.options.timeoutMs ?? 30_000),
      redirect: 'manual',
    });
    return { status: response.status, etag: response.headers.get('etag'), text: await response.text() };
  }
}

function rowOf(row: unknown): TokenRow[] {
  if (typeof row !== 'object' || row === null || !('token' in row) || typeof row.token !== 'string')
    return [];
  const { owner, deleted, etag, 'last-update-time': time } = row as Record<string, unknown>;
  const updatedAtMs = typeof time === 'number' ? time : typeof time === 'string' ? Date.parse(time) : 0;
  return [
    {
      token: row.token,
      owner: typeof owner === 'string' ? owner : null,
      deleted: deleted === true,
      etag: typeof etag === 'string' ? etag : null,
      updatedAtMs: Number.isFinite(updatedAtMs) ? updatedAtMs : 0,
    },
  ];
}

function messageIn(text: string): string {
  try {
    const error = membersOf(text).get('waiter-error');
    const message = error === undefined ? undefined : membersOf(error).get('message');
    return message === undefined ? text.slice(0, 200) : String(JSON.parse(message));
  } catch {
    return text.slice(0, 200);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
