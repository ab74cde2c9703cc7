import { newFacts, RequestHead, type RequestFacts } from '../../accept';
import type { Admission, Admitted } from '../../admission';
import type { PlainRequest } from './request-scan';

/** A plain request and what becomes known of it, before it goes anywhere. */
export class StartedRequest {
  readonly head: RequestHead;
  readonly facts: RequestFacts = newFacts();

  constructor(
    readonly plain: PlainRequest,
    socket: { readonly remoteAddress?: string | undefined; readonly localPort?: number | undefined },
    /** Read so far; the head starts at `from`, its body at `bodyFrom`. */
    public bytes: Buffer,
    readonly from: number,
    readonly bodyFrom: number,
  ) {
    const { method, url, rawHeaders } = plain;
    this.head = new RequestHead({ method, url, httpVersion: '1.1', rawHeaders, socket });
  }

  get hasBody(): boolean {
    const { framing, length } = this.plain;
    return framing === 'chunked' || (framing === 'length' && length > 0);
  }

  /** All bytes, for whoever serves the request in our place. */
  get whole(): Buffer {
    return this.from === 0 ? this.bytes : this.bytes.subarray(this.from);
  }

  admit(admission: Admission): Admitted | Promise<Admitted> {
    return admission.admitted(this.head, this.facts);
  }
}
