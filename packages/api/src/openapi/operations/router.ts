import { json, plain, refused, type Operation, type Operations } from '../operation';
import {
  anyMap,
  anything,
  atLeast,
  count,
  exactly,
  flag,
  listOf,
  mapOf,
  number,
  ref,
  text,
  time,
  type JsonSchema,
} from '../shapes';

const state = (summary: string, shape: JsonSchema = anything): Operation => ({
  summary,
  auth: 'user',
  query: {
    include: {
      description: 'What more to show; supported values are listed in the answer.',
      repeatable: true,
    },
  },
  responses: { 200: json('The state.', atLeast({ 'router-id': text, state: shape })) },
});

/** Of the original; what took its place is said in the answer. */
const gone = (summary: string): Operation => ({
  summary: `${summary}; no longer served`,
  auth: 'none',
  deprecated: true,
  responses: { 410: refused('What took its place.') },
});

const router = atLeast({ id: text, name: text, address: text, port: count, 'custom-details': anyMap });

/** What concerns a router and not one service or token (spec: services-and-tokens 4.12 to 4.21). */
export const ROUTER_OPERATIONS: Operations = {
  '/': {
    get: {
      summary: 'Welcome',
      auth: 'none',
      responses: {
        200: {
          description: 'A page about this router.',
          content: {
            'application/json': exactly({
              cid: text,
              host: text,
              hostname: text,
              message: { const: 'Welcome to Waiter' },
              port: count,
              'support-info': ref('SupportInfo'),
              timestamp: time,
            }),
            'text/html': text,
            'text/plain': text,
          },
        },
      },
    },
  },
  '/status': {
    get: {
      summary: 'Whether this router wants requests; for load balancers',
      auth: 'none',
      query: { include: { description: 'request-info, server-info', repeatable: true } },
      responses: {
        200: json('It does.', atLeast({ status: { const: 'ok' } })),
        503: json('It drains.', atLeast({ message: text })),
      },
    },
  },
  '/settings': {
    get: {
      summary: 'The configuration in effect, without secrets',
      auth: 'user',
      responses: {
        200: json(
          'Settings.',
          atLeast({
            'cluster-config': atLeast({ name: text }),
            'scheduler-config': atLeast({ kind: text }),
            'scheduler-syncer-interval-secs': { type: 'number', exclusiveMinimum: 0 },
            'service-description-defaults': ref('ServiceDescription'),
            'service-description-constraints': mapOf(atLeast({ max: number })),
            'token-config': atLeast({
              'history-length': count,
              'limit-per-owner': count,
              'token-defaults': anyMap,
            }),
            'support-info': ref('SupportInfo'),
            messages: mapOf(text),
            'git-version': text,
            'started-at': time,
          }),
        ),
      },
    },
  },
  '/profiles': {
    get: {
      summary: 'Named sets of defaults',
      auth: 'user',
      responses: { 200: json('Profiles.', listOf(exactly({ name: text, defaults: anyMap }))) },
    },
  },
  '/drain': {
    get: {
      summary: 'Whether this router drains',
      auth: 'user',
      responses: {
        200: json(
          'Its drain mode.',
          atLeast({
            'drain-mode?': flag,
            result: atLeast({ 'drain-until ?': time, 'crash-process? ?': flag }),
          }),
        ),
      },
    },
    post: {
      summary: 'Make load balancers look elsewhere for a while',
      auth: 'user',
      query: {
        'drain-timeout-secs': { description: 'Default 120.', schema: count },
        crash: { description: 'End the process after it.', schema: flag },
      },
      responses: {
        200: json('Set.', atLeast({ result: anyMap })),
        400: refused('A bad number.'),
        403: refused('Not an administrator.'),
      },
    },
  },
  '/metrics': {
    get: {
      summary: 'Metrics of this router and its workers',
      auth: 'none',
      query: {
        'exclude-services': { description: 'Only `waiter`; goes before the others.', schema: flag },
        'service-id': { description: 'Only of this service.' },
        'include-jvm-metrics': { description: 'Only `jvm`: those of the processes.', schema: flag },
        name: { description: 'Only those whose dotted name contains this.' },
      },
      responses: {
        200: {
          description:
            'A tree by the parts of names; or the text form of Prometheus when the request accepts text.',
          content: {
            'application/json': exactly({ 'jvm ?': anyMap, 'services ?': mapOf(anyMap), 'waiter ?': anyMap }),
            'text/plain': text,
          },
        },
      },
    },
  },
  '/metrics/prometheus': {
    get: {
      summary: 'Metrics in the text form of Prometheus',
      auth: 'none',
      responses: { 200: plain('Metrics.') },
    },
  },
  '/metrics/external': {
    post: {
      summary: 'Metrics of requests that went past the routers',
      auth: 'none',
      body: { schema: atLeast({ cluster: text, 'service-metrics': mapOf(mapOf(anyMap)) }), required: true },
      responses: { 200: json('Taken.', atLeast({ 'no-op': flag })), 400: refused('Not acceptable.') },
    },
  },
  '/favicon.ico': {
    get: { summary: 'Icon', auth: 'none', responses: { 200: plain('The icon.', 'image/png') } },
  },
  '/images/:name': {
    get: {
      summary: 'Images of pages',
      auth: 'none',
      responses: { 200: plain('The image.', 'image/png'), 404: refused('No such image.') },
    },
  },
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
  '/eject': { post: gone('Told other routers to avoid an instance') },
  '/ejected/:id': {
    get: {
      summary: 'Instances of a service that get no requests, since their last ones failed',
      auth: 'none',
      responses: { 200: json('Ids.', exactly({ 'ejected-instances': listOf(text) })) },
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
  '/reference/notify': { post: gone('Told routers that something has changed') },
  '/waiter-kill-instance/:id': { post: gone('Stopped an instance') },
  '/work-stealing': { post: gone('Handed an instance to another router') },
  '/openapi.json': {
    get: {
      summary: 'This document',
      auth: 'none',
      responses: { 200: json('OpenAPI 3.1.', atLeast({ openapi: text, info: anyMap, paths: anyMap })) },
    },
  },
  '/openapi': {
    get: {
      summary: 'This document as a page',
      auth: 'none',
      responses: { 200: plain('HTML.', 'text/html') },
    },
  },
  '/state': {
    get: {
      summary: 'Components that have a state, and the routers',
      auth: 'user',
      responses: {
        200: json('Links.', atLeast({ 'router-id': text, routers: mapOf(text), details: mapOf(text) })),
      },
    },
  },
  '/state/:id': { get: state('State of one service; of an unknown one, empty parts', anyMap) },
  '/state/custom-components/:name': { get: state('State of a component of the operator') },
  '/state/maintainer': {
    get: state(
      'The routers of the fleet',
      atLeast({ routers: mapOf(text), 'router-details': mapOf(router) }),
    ),
  },
  '/state/leader': {
    get: state('Who leads', atLeast({ 'leader?': flag, 'leader-id': { type: ['string', 'null'] } })),
  },
  '/state/fallback': {
    get: state(
      'Services that can stand in',
      atLeast({
        state: atLeast({ 'available-service-ids': listOf(text), 'healthy-service-ids': listOf(text) }),
      }),
    ),
  },
  '/state/entitlement-manager': { get: state('Who decides on permissions', atLeast({ name: text })) },
};

/** Components whose state has no fixed shape; their routes are made from a list too. */
export const stateComponent = (name: string): Operation => state(`State of ${name}`);
