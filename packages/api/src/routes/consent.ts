import type { Request } from 'express';
import { CONSENT_COOKIE, isSameOrigin, rawConsent, WaiterError } from '@waiter/core';
import type { Consent, ConsentCookies } from '@waiter/core';
import { corsRequestOf } from '../authenticate/require-user';
import type { ApiDeps } from '../deps';
import { headerOf, schemeOf } from '../http/context';
import { formFields } from '../http/form';
import type { Reply, Route, UserHandler } from '../http/route';
import { consentPage } from '../pages/consent-page';
import { withBypass } from '../services/bypass';
import { consentCandidate } from '../services/consent-candidate';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'clock'>;

const PREFIX = '/waiter-consent';
const DAY_MS = 86_400_000;

/** Lets users agree that a service runs as themselves (spec: request-path 8.4). */
export function consentRoutes(deps: Deps, consents: ConsentCookies): Route[] {
  const ask: UserHandler = async (request, { identity: { user }, timeMs }) => {
    const { token, owner, service, asks } = await consentCandidate(deps, request.headers, user);
    const { compiled } = service;
    const path = request.originalUrl.slice(PREFIX.length);
    const scheme = schemeOf(request) === 'https' ? 'https' : 'http';
    // Absolute: a path may begin with two slashes, and would then lead to another host.
    const base = `${scheme}://${request.headers.host ?? ''}`;
    // Nobody has to be asked any more: the token names whom to run as.
    if (!asks) return { status: 303, headers: { location: base + path } };
    return consentPage({
      token,
      owner,
      user,
      serviceId: service.serviceId,
      cmd: compiled.cmd,
      version: compiled.version,
      expiryDays: Math.round(deps.config.router.consentExpiryMs / DAY_MS),
      target: base + (compiled.interstitialMs > 0 ? withBypass(path, timeMs) : path),
    });
  };
  const agree: UserHandler = async (request, { identity: { user }, timeMs }) => {
    refuseOtherPages(request);
    const fields = await formFields(request);
    const mode = fields.get('mode');
    if (mode !== 'service' && mode !== 'token') throw refused('Missing or invalid mode');
    const { token, owner, service } = await consentCandidate(deps, request.headers, user, 400);
    const { serviceId } = service;
    const given = fields.get('service-id');
    if (mode === 'service' && (given ?? '') === '') throw refused('Missing service-id');
    if (mode === 'service' && given !== serviceId) throw refused('Invalid service-id for specified token');
    const consent: Consent =
      mode === 'service'
        ? { mode, issuedAtMs: timeMs, serviceId }
        : { mode, issuedAtMs: timeMs, token, owner };
    return {
      headers: { 'content-type': 'text/plain' },
      cookies: [consents.issue(consent, user)],
      body: `Added cookie ${CONSENT_COOKIE}`,
    };
  };
  const show: UserHandler = (request, { identity: { user } }): Reply => {
    const consent = consents.read(request.headers.cookie, user);
    return {
      json: {
        [CONSENT_COOKIE]:
          consent === null
            ? { 'raw-content': null }
            : { 'raw-content': rawConsent(consent), 'formatted-content': formatted(consent) },
      },
    };
  };
  return [
    { path: PREFIX, auth: 'user', ownOrigin: true, methods: { POST: agree } },
    { path: `${PREFIX}/{*path}`, auth: 'user', methods: { GET: ask } },
    { path: `${PREFIX}-cookie`, auth: 'user', methods: { GET: show } },
  ];
}

const refused = (message: string): WaiterError =>
  new WaiterError(message, { status: 400, errorCause: 'client-error' });

/** Only our own page may agree for the user, by a script of its own (cross-site request forgery). @throws WaiterError 400 */
function refuseOtherPages(request: Request): void {
  const { origin } = request.headers;
  const referer = headerOf(request, 'referer');
  if (origin !== undefined) {
    if (!isSameOrigin(corsRequestOf(request))) throw refused('Origin is not the same as the host');
    if (referer !== undefined && referer !== origin && !referer.startsWith(`${origin}/`)) {
      throw refused('Referer does not start with origin');
    }
  }
  if (headerOf(request, 'x-requested-with') !== 'XMLHttpRequest') {
    throw refused('Header x-requested-with does not match expected value');
  }
}

function formatted(consent: Consent): Record<string, string> {
  const issued = { mode: consent.mode, 'issue-time': new Date(consent.issuedAtMs).toISOString() };
  return consent.mode === 'service'
    ? { ...issued, 'service-id': consent.serviceId }
    : { ...issued, token: consent.token, owner: consent.owner };
}
