import type { CorsPolicy } from '@waiter/core';
import { corsRulesOf, isPreflight, type CorsRule, type JsonMap } from '@waiter/core';
import type { RequestFacts, RequestHead } from '../accept';
import type { Answer } from '../respond';

/** Requests from pages of other origins, by configuration and the rules of tokens (spec: request-path 9.9). */
export class CorsCheck {
  /** Rules are compiled once for each version of a token. */
  private readonly rules = new WeakMap<JsonMap, readonly CorsRule[]>();

  constructor(private readonly policy: CorsPolicy) {}

  /** The answer to a preflight; null: it is none. @throws WaiterError 403 */
  preflight(head: RequestHead, metadata: JsonMap): Answer | null {
    const { headers } = head;
    if (!isPreflight(head.method, headers)) return null;
    const asked = headers['access-control-request-headers'];
    const allowed = this.policy.preflightHeaders(requestOf(head), asked, this.rulesOf(metadata));
    return { status: 200, headers: allowed, body: '' };
  }

  /** Refuses what may not call; what the page is to be told goes into `facts`. @throws WaiterError 403 */
  request(head: RequestHead, facts: RequestFacts, metadata: JsonMap): void {
    if (head.headers['upgrade'] !== undefined && !this.policy.checksWebSockets) return;
    facts.corsHeaders = this.policy.responseHeaders(requestOf(head), this.rulesOf(metadata));
  }

  private rulesOf(metadata: JsonMap): readonly CorsRule[] {
    let rules = this.rules.get(metadata);
    if (rules === undefined) {
      rules = corsRulesOf(metadata);
      this.rules.set(metadata, rules);
    }
    return rules;
  }
}

function requestOf({ headers, scheme, host, path, method }: RequestHead) {
  return { origin: headers['origin'] ?? '', scheme, host, path, method };
}
