import { json, plain, refused, type Operations } from '../operation';
import { anyMap, atLeast, count, exactly, flag, listOf, mapOf, number, ref, text, time } from '../shapes';

/** What concerns a router and not one service or token (spec: services-and-tokens 4.12 to 4.18). */
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
};
