import { approves, isMissingRunAsUser, type ConsentCookies, type ResolvedService } from '@waiter/core';
import type { RequestHead } from '../accept';
import type { RequestTokens, ServiceResolver } from '../resolve';
import type { Answer } from '../respond';

/** What a request leads to, and whether it does so by its user's consent. */
export interface Resolved {
  readonly latest: ResolvedService;
  /** Earlier versions run as the user too. */
  readonly consented: boolean;
}

/** Services that run as whoever asks run only as users who agreed to that (spec: request-path 8.4). */
export class ConsentCheck {
  constructor(
    private readonly resolver: ServiceResolver,
    private readonly cookies: ConsentCookies,
  ) {}

  /** The service of a request, or the way to the page that asks for consent. @throws WaiterError 400 or 404 */
  resolve(tokens: RequestTokens, head: RequestHead, user: string | null): Resolved | Answer {
    const { headers } = head;
    if (!tokens.asksConsent) {
      return { latest: this.resolver.resolve(tokens, headers, user), consented: false };
    }
    const consent = user === null ? null : this.cookies.read(headers['cookie'], user);
    if (consent !== null) {
      const candidate = this.resolver.resolve(tokens, headers, user, true);
      if (approves(consent, candidate)) return { latest: candidate, consented: consent.mode === 'token' };
    }
    try {
      return { latest: this.resolver.resolve(tokens, headers, user), consented: false };
    } catch (error) {
      if (!isMissingRunAsUser(error)) throw error;
      return { status: 303, headers: { location: `/waiter-consent${head.target}` }, body: '' };
    }
  }
}
