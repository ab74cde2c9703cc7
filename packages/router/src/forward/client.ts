import type { RequestFacts, RequestHead } from '../accept';

/** Whom a request comes from: what reserving and forwarding need to know, whatever protocol the client speaks. */
export interface Client {
  readonly head: RequestHead;
  readonly facts: RequestFacts;
  /** There is nobody to answer any more, or everything was said. */
  readonly over: boolean;
  /** The client left before it had its whole response. */
  readonly gone: boolean;
  onAbort(listener: () => void): void;
}
