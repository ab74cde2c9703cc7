import { WaiterError } from '@waiter/core';
import type { Answer } from '../../../respond';
import type { LaneParts } from '../lane-parts';
import type { ClientWire } from '../sockets/client-wire';
import { answerText } from './answer-text';
import type { Current } from './request-admission';
import type { RequestBody } from './request-body';
import type { State } from './state';

/** The connection whose request the router answers itself. */
export interface AnsweringOwner {
  state: State;
  readonly parts: LaneParts;
  readonly wire: ClientWire;
  readonly body: RequestBody;
  readonly current: Current | null;
  connectionText(): string;
  /** No request may follow. */
  endAfter(): void;
  resume(): void;
  next(): void;
}

/**
 * The end of a request without an instance: the rest of its body is read and dropped, so that a client that writes before it reads
 * sees the answer (spec: request-path 5.3); then comes the answer, if the instance has not answered.
 */
export class OwnAnswer {
  private answer: Answer | null = null;

  constructor(private readonly owner: AnsweringOwner) {}

  /** An error as the client is to see it. */
  render(error: unknown): Answer {
    const { parts, current } = this.owner;
    if (!(error instanceof WaiterError)) parts.onFault(error);
    if (current === null) throw error;
    return parts.responder.render(error, current.head, current.facts);
  }

  /** @param answer null: the instance has answered, before it had read everything, and reads no more */
  begin(answer: Answer | null): void {
    const { owner } = this;
    this.answer = answer;
    owner.state = 'draining';
    owner.body.drop(owner.parts.clock.now);
    owner.resume();
  }

  /** Goes on if enough of the rest of the body was dropped. */
  proceed(): void {
    const { owner, answer } = this;
    const { body, parts, current } = owner;
    if (!body.isDropped(performance.now(), parts.options.limits)) return;
    if (!body.done) owner.endAfter();
    this.answer = null;
    if (answer !== null && current !== null) {
      const headers = parts.responder.announce(answer, current.head, current.facts);
      owner.wire.write(answerText(answer, headers, current.head.method, owner.connectionText()));
    }
    owner.next();
  }
}
