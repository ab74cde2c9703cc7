import type { AsyncRequest } from '@waiter/store';
import type { InstanceFailure, InstanceListener, InstanceSide, ReplyHead } from '../forward/http2/sides';
import { sameServerLocation, valueOf } from './location';

/** What an instance says of an async request (spec: request-path 7.2). */
export type AsyncState =
  /** It works on it, or the result waits to be fetched. */
  | 'running'
  | 'over'
  /** It does not answer. */
  | 'failed';

/** What a response to a look at the status means. */
export function stateOf(request: AsyncRequest, status: number, raw: readonly string[]): AsyncState {
  if (status === 200) return 'running';
  if (status !== 303) return 'over';
  return sameServerLocation(baseOf(request), valueOf(raw, 'location')) === null ? 'over' : 'running';
}

/** URL of the request's status at its instance. */
export function baseOf({
  protocol,
  host,
  port,
  location,
}: Pick<AsyncRequest, 'protocol' | 'host' | 'port' | 'location'>): string {
  const scheme = protocol === 'https' || protocol === 'h2' ? 'https' : 'http';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${location}`;
}

export type LookEnd =
  | { readonly kind: 'answered'; readonly status: number; readonly rawHeaders: readonly string[] }
  /** On a connection that may have been dead before. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'failed' };

/** One look at an instance; the response is read to its end. */
export class StatusCheck implements InstanceListener {
  private status = 0;
  private rawHeaders: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly instance: InstanceSide,
    private readonly resolve: (end: LookEnd) => void,
  ) {}

  /** Never rejects. */
  static of(instance: InstanceSide, timeoutMs: number): Promise<LookEnd> {
    return new Promise((resolve) => {
      const check = new StatusCheck(instance, resolve);
      check.timer = setTimeout(() => instance.abort('idle', new Error('status check timeout')), timeoutMs);
      instance.begin(check);
    });
  }

  onConnect(): void {
    this.instance.end([]);
  }

  onReply({ status, rawHeaders, ended }: ReplyHead): void {
    this.status = status;
    this.rawHeaders = rawHeaders;
    if (ended) this.instance.settle();
  }

  onReplyEnd(): void {
    this.instance.settle();
  }

  onClosed(failure: InstanceFailure | null): void {
    clearTimeout(this.timer);
    const { status, rawHeaders } = this;
    if (failure === null && status > 0) this.resolve({ kind: 'answered', status, rawHeaders });
    else this.resolve({ kind: failure?.stale === true ? 'stale' : 'failed' });
  }

  onInterim(): void {}
  onPiece(): void {}
  onDrain(): void {}
}
