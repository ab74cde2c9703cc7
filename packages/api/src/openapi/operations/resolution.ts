import { json, plain, refused, type Operation, type Operations } from '../operation';
import { anyMap, anything, atLeast, flag, integer, oneOf, ref } from '../shapes';
import { forbidden } from './service-parts';

const serviceId: Operation = {
  summary: 'Id of the service that a request with these headers leads to',
  description: 'Stores the description; starts nothing.',
  auth: 'user',
  query: {
    latest: { description: 'Not an earlier version that stands in while the latest starts.', schema: flag },
  },
  headers: {
    'x-waiter-token': { description: 'Tokens, separated by commas; or any other x-waiter- parameter.' },
  },
  responses: { 200: plain('The id.'), 400: refused('The headers make no service.'), 403: forbidden },
};

/** The service that a request leads to, and whether it answers (spec: services-and-tokens 4.10, 4.11). */
export const RESOLUTION_OPERATIONS: Operations = {
  '/service-id': { get: serviceId },
  '/app-name': { get: { ...serviceId, description: 'The same as /service-id.' } },
  '/waiter-ping': {
    get: {
      summary: "Send a health check through the whole path of a service's requests",
      description: 'Starts the service when needed. 200 whatever came of it; see `result`.',
      auth: 'user',
      headers: {
        'x-waiter-token': { description: 'Token, or ^SERVICE-ID# and the id of a service.' },
        'x-waiter-timeout': { description: 'For the whole, in ms; default 300000.' },
        'x-waiter-queue-timeout': { description: 'For an instance, in ms.' },
      },
      query: {
        exclude: { description: 'service-state: do not look.' },
        include: { description: 'fallback: an earlier version may answer.' },
      },
      responses: {
        200: json(
          'What came of it.',
          atLeast({
            'ping-response': atLeast({
              result: oneOf(
                'received-response',
                'timed-out',
                'waiter-response',
                'descriptor-error',
                'ping-internal-error',
              ),
              'status ?': integer,
              'headers ?': anyMap,
              'body ?': anything,
            }),
            'service-description': { anyOf: [ref('ServiceDescription'), { type: 'null' }] },
            'service-state': anyMap,
          }),
        ),
      },
    },
  },
};
