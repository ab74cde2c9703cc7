import { json, plain, refused, type Operations } from '../operation';
import { atLeast, count, exactly, flag, number, text, time } from '../shapes';

/** Pages and cookies of browsers: consent, interstitial, sign-in (spec: services-and-tokens 4.21, request-path 9.4 and 9.8). */
export const BROWSER_OPERATIONS: Operations = {
  '/waiter-auth': {
    get: {
      summary: 'Who I am; gives the cookie x-waiter-auth',
      auth: 'user',
      responses: { 200: plain('The user.') },
    },
  },
  '/waiter-consent': {
    post: {
      summary:
        'Agree that the service of this host runs as oneself; for the page of /waiter-consent/{path} alone',
      auth: 'user',
      headers: { 'x-requested-with': { description: 'XMLHttpRequest.', required: true } },
      body: {
        schema: exactly({ mode: { enum: ['service', 'token'] }, 'service-id ?': text }),
        type: 'multipart/form-data',
        required: true,
      },
      responses: {
        200: plain('The cookie x-waiter-consent is set.'),
        400: refused('Another page asks, a field is missing, or the service is another one by now.'),
      },
    },
  },
  '/waiter-consent/:path': {
    get: {
      summary: 'The page that asks whether the service of this host may run as the user',
      auth: 'user',
      responses: {
        200: plain('The page.', 'text/html'),
        303: { description: 'There is nothing to agree to.', content: {} },
        404: refused('The host is no token.'),
      },
    },
  },
  '/waiter-consent-cookie': {
    get: {
      summary: 'What the cookie x-waiter-consent of this request says',
      auth: 'user',
      responses: {
        200: json(
          'Its content.',
          exactly({
            'x-waiter-consent': exactly({
              'raw-content': { type: ['array', 'null'] },
              'formatted-content ?': atLeast({ mode: text, 'issue-time': time }),
            }),
          }),
        ),
      },
    },
  },
  '/waiter-interstitial/:path': {
    get: {
      summary: 'The page that browsers see while a service starts; it goes on to the path',
      auth: 'user',
      responses: { 200: plain('The page.', 'text/html') },
    },
  },
  '/.well-known/auth/expires-at': {
    get: {
      summary: 'Until when the cookie x-waiter-auth is good',
      auth: 'none',
      responses: {
        200: json(
          'Seconds since 1970; 0 without a cookie.',
          exactly({ 'expires-at': number, principal: { type: ['string', 'null'] } }),
        ),
      },
    },
  },
  '/.well-known/auth/keep-alive': {
    get: {
      summary: 'Renew the cookie x-waiter-auth',
      auth: 'none',
      query: {
        offset: { description: 'Only when it is good for no more than so many seconds.', schema: count },
        done: { description: 'Renew nothing.' },
      },
      responses: {
        204: { description: 'Renewed, or no need.', content: {} },
        400: refused('A bad offset.'),
        404: json('The host names no token.', exactly({ message: text })),
      },
    },
  },
  '/.well-known/oidc/v1/openid-enabled': {
    get: {
      summary: 'Whether the token of this host uses OpenID Connect',
      auth: 'none',
      responses: {
        501: json(
          'No provider is configured.',
          atLeast({ 'client-id': { type: ['string', 'null'] }, enabled: flag }),
        ),
      },
    },
  },
  '/oidc/v1/callback': {
    get: {
      summary: 'Where an OpenID Connect provider sends users back to',
      auth: 'none',
      responses: { 501: refused('Not configured.') },
    },
  },
};
