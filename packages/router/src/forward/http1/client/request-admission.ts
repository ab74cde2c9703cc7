import { newFacts, type RequestFacts } from '../../../accept';
import type { Admitted } from '../../../admission';
import type { Answer } from '../../../respond';
import { admittance, type Admittance } from '../admission/admittance';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';

/** Bytes of a request: its head starts at `start`, its body at `bodyFrom`; what is read goes on to `to`. */
export interface RequestBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly bodyFrom: number;
  readonly to: number;
}

/** A request and what is known of it. */
export interface Current {
  readonly head: LaneHead;
  readonly facts: RequestFacts;
}

/** The connection whose request is admitted. Each of these returns up to where the bytes were used. */
export interface AdmissionOwner {
  readonly parts: LaneParts;
  current: Current | null;
  exchangeWith(current: Current, admitted: Admittance, from: RequestBytes): number;
  answerNow(answer: Answer, from: RequestBytes): number;
  handOver(from: RequestBytes): number;
  handOverOne(from: RequestBytes): number;
  /** An error as the client is to see it. */
  rendered(error: unknown): Answer;
  /** Admission takes time. @returns what is to be called with what comes of it */
  suspend(from: RequestBytes): (goOn: (from: RequestBytes) => number) => void;
  fault(error: unknown): void;
}

/** Finds the service of a request, or the reason why there is none. @returns up to where the bytes were used */
export function admitRequest(owner: AdmissionOwner, head: LaneHead, from: RequestBytes): number {
  const { warm, clock, admission } = owner.parts;
  const decision = warm.find(head, clock.now);
  if (decision !== null) {
    const current = { head, facts: { ...decision.facts } };
    owner.current = current;
    return owner.exchangeWith(current, decision, from);
  }
  const current = { head, facts: newFacts() };
  owner.current = current;
  if (admission.isForApi(head)) return owner.handOverOne(from);
  let admitted: Admitted | Promise<Admitted>;
  try {
    admitted = admission.admitted(head, current.facts);
  } catch (error) {
    return owner.answerNow(owner.rendered(error), from);
  }
  if (!('then' in admitted)) return proceed(owner, current, admitted, from, true);
  const resume = owner.suspend(from);
  admitted
    .then(
      (found) => resume((at) => proceed(owner, current, found, at, false)),
      (error: unknown) => resume((at) => owner.answerNow(owner.rendered(error), at)),
    )
    .catch((error: unknown) => owner.fault(error));
  return from.to;
}

function proceed(
  owner: AdmissionOwner,
  current: Current,
  found: Admitted,
  from: RequestBytes,
  atOnce: boolean,
): number {
  if ('status' in found) return owner.answerNow(found, from);
  // The other protocols are spoken by the other lanes.
  if (found.compiled.backendProto !== 'http') return owner.handOver(from);
  const { parts } = owner;
  const admitted = admittance(found, current.facts, parts);
  if (atOnce) parts.warm.remember(current.head, current.facts, admitted, parts.clock.now);
  return owner.exchangeWith(current, admitted, from);
}
