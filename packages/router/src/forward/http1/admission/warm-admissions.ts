import { isApiPath as isApiPathOf } from '@waiter/core';
import type { RequestFacts } from '../../../accept';
import type { LaneHead } from '../lane-head';
import type { SharedParts } from '../lane-parts';
import type { Admittance } from './admittance';
import { warmKey } from './warm-key';

/** Bound here: what goes through the index of a package is looked up with each call. */
const isApiPath = isApiPathOf;

/**
 * So long does a decision hold for other requests of its kind. Notices of changes void all of them at once (`forget`); what changes
 * with time alone (a fallback window, the word to the scaler that a service is in use) is that late at most.
 */
const HOLDS_MS = 100;

/** A decision about requests that say the same of their service. */
export interface Decision extends Admittance {
  /** What was found out; each request gets its own copy. */
  readonly facts: RequestFacts;
  readonly generation: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/**
 * Admission for the lane: a request like one that was let through within the last moments is let through in a fraction of the
 * time. Only decisions for a service are remembered, never refusals or answers.
 */
export class WarmAdmissions {
  private readonly decisions = new Map<string, Decision>();
  /** Headers that make a request one of its own; null: every request is. */
  private readonly deciding: ReadonlySet<string> | null;
  private generation = 0;

  constructor(private readonly parts: SharedParts) {
    const { options, authenticator } = parts;
    this.deciding =
      authenticator.credentials === null
        ? null
        : new Set([...options.descriptions.unsupportedHeaders, ...authenticator.credentials]);
  }

  /** Something that decisions depend on may have changed. */
  forget(): void {
    this.generation += 1;
    this.decisions.clear();
  }

  /** A decision that holds for this request; its `facts` are to be copied. null: it must be decided. */
  find(head: LaneHead, now: number): Decision | null {
    const { fields } = head;
    if (fields.warmKey === undefined) {
      fields.warmKey = this.deciding === null ? null : warmKey(head.headers, head.scheme, this.deciding);
    }
    if (fields.warmKey === null || isApiPath(head.path) || forRouter(head.queryString)) return null;
    let { decision } = fields;
    if (decision === undefined || !this.holds(decision, now)) {
      decision = this.decisions.get(fields.warmKey);
      if (decision === undefined || !this.holds(decision, now)) return null;
      fields.decision = decision;
    }
    const { bodyLimit } = decision.facts;
    // Longer bodies are refused in words.
    return bodyLimit > 0 && fields.length > bodyLimit ? null : decision;
  }

  private holds({ generation, until }: Decision, now: number): boolean {
    return generation === this.generation && now < until;
  }

  /** @param admittance of a request that was decided just now, without waiting: nothing can have changed meanwhile */
  remember({ fields }: LaneHead, facts: RequestFacts, admittance: Admittance, now: number): void {
    const { service } = admittance;
    const { warmKey: key } = fields;
    if (key === null || key === undefined) return;
    // New cookies are those of who needs no credentials, and alike for all.
    if (facts.corsHeaders !== null) return;
    // An earlier version serves only until the latest can, and a page may come before a service that starts.
    if (facts.latestServiceId !== service.serviceId || service.compiled.interstitialMs > 0) return;
    if (this.decisions.size >= this.parts.options.limits.cacheEntries) this.decisions.clear();
    const { generation } = this;
    const decision = { ...admittance, facts: { ...facts }, generation, until: now + HOLDS_MS };
    this.decisions.set(key, decision);
    fields.decision = decision;
  }
}

/** A parameter in it is meant for the router. */
function forRouter(queryString: string | null): boolean {
  return queryString !== null && queryString.includes('x-waiter-');
}
