import { sameValue } from './same-token';
import { factsOf, type CopyFacts, type TokenCopy } from './token-copy';

/** The copies of one token, by cluster; null where there is none. */
export type Copies<C> = ReadonlyMap<C, TokenCopy | null>;

export type SyncStep<C> =
  | { readonly kind: 'write'; readonly to: C; readonly copy: TokenCopy; readonly present: TokenCopy | null }
  /** Deleted everywhere: nothing is left that could need the record of the deletion. */
  | { readonly kind: 'remove'; readonly from: C }
  | { readonly kind: 'opted-out'; readonly at: C }
  /** Another token of the same name: came from elsewhere, by another user, says something else. */
  | { readonly kind: 'conflict'; readonly at: C; readonly note: string };

interface Held<C> {
  readonly at: C;
  readonly copy: TokenCopy;
  readonly facts: CopyFacts;
}

/**
 * What makes the copies of a token equal (spec: services-and-tokens 7.1): the copy with the newest `last-update-time`
 * goes everywhere; of equally new ones, that of the cluster named first. Pure.
 */
export function planSync<C>(copies: Copies<C>): SyncStep<C>[] {
  const held: Held<C>[] = [...copies].flatMap(([at, copy]) =>
    copy === null ? [] : [{ at, copy, facts: factsOf(copy) }],
  );
  const steps: SyncStep<C>[] = held
    .filter(({ facts }) => facts.optedOut)
    .map(({ at }) => ({ kind: 'opted-out', at }));
  const taking = held.filter(({ facts }) => !facts.optedOut);
  const [first, ...rest] = taking;
  if (first === undefined) return steps;
  if (steps.length === 0 && taking.every(({ facts }) => facts.deleted)) {
    return taking.map(({ at }) => ({ kind: 'remove', from: at }));
  }

  const source = rest.reduce(
    (best, one) => (one.facts.updatedAtMs > best.facts.updatedAtMs ? one : best),
    first,
  );
  for (const [to, present] of copies) {
    if (to === source.at || (present !== null && sameValue(present.text, source.copy.text))) continue;
    const there = taking.find(({ at }) => at === to);
    if (present !== null && there === undefined) continue;
    if (there !== undefined && isAnother(source.facts, there.facts)) {
      const note = `root ${there.facts.root ?? 'unknown'}, not ${source.facts.root ?? 'unknown'}`;
      steps.push({ kind: 'conflict', at: to, note });
    } else steps.push({ kind: 'write', to, copy: source.copy, present });
  }
  return steps;
}

const isAnother = (a: CopyFacts, b: CopyFacts): boolean =>
  a.root !== b.root && a.updatedBy !== b.updatedBy && a.content !== b.content;
