import { json, plain, refused, type Operation, type Operations, type Parameter } from '../operation';
import {
  anyMap,
  anything,
  atLeast,
  count,
  exactly,
  flag,
  integer,
  listOf,
  oneOf,
  ref,
  text,
} from '../shapes';

const notFound = refused('No such service.');

const forbidden = refused('Not allowed.');

const filters =
  'Any service parameter, also by dotted path (`env.NAME`), is a filter: exact, or a regular expression that matches the whole value.';

const effective: Parameter = { description: 'Show the parameters with defaults and profile.', schema: flag };

const timeout: Parameter = { description: 'How long to wait, in ms.', schema: count };

const viewAs: Parameter = { description: 'With the permissions of this user; for administrators.' };

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

/** `/apps`, `/service-id`, `/waiter-ping` (spec: services-and-tokens 4.6 to 4.11). */
export const SERVICE_OPERATIONS: Operations = {
  '/apps': {
    get: {
      summary: 'List services that run or are asked for',
      description: `${filters} Without run-as-user: services that the caller may manage.`,
      auth: 'user',
      query: {
        'run-as-user': {
          description: "Of these users; everybody may list others' services.",
          repeatable: true,
        },
        token: { description: 'Some source token has this name.', repeatable: true },
        'token-version': { description: 'Some source token has this etag.', repeatable: true },
        'star-mode': { description: 'all (default): `*` as a filter value means any.' },
        'effective-parameters': effective,
        include: {
          description: 'What more to show.',
          schema: oneOf('effective-parameters', 'healthy-instances', 'references', 'token-fallback'),
          repeatable: true,
        },
      },
      responses: { 200: json('Services by id.', listOf(ref('ServiceEntry'))) },
    },
  },
  '/apps/instances': {
    get: {
      summary: 'Watch healthy instances',
      description: `${filters} A stream of objects, one per line, first of type initial, then of type events.`,
      auth: 'user',
      query: {
        watch: { description: 'Must be true.', schema: flag, required: true },
        'service-id': { description: 'Only of this service.' },
        'star-mode': { description: 'As in /apps.' },
        'streaming-timeout': { description: 'End after so many ms without a change.', schema: integer },
      },
      responses: { 200: json('The stream.', anyMap), 400: refused('watch is not true.') },
    },
  },
  '/apps/:id': {
    get: {
      summary: 'One service with its instances',
      auth: 'user',
      query: {
        'effective-parameters': effective,
        include: {
          description: 'What more to show.',
          schema: oneOf('effective-parameters', 'metrics', 'references', 'token-fallback'),
          repeatable: true,
        },
      },
      headers: { 'x-view-as-user': viewAs },
      responses: {
        200: json('Also of a service that does not run: Inactive.', ref('Service')),
        404: notFound,
      },
    },
    delete: {
      summary: 'Stop a service',
      auth: 'user',
      query: { timeout: { ...timeout, description: 'Wait so many ms until every router has forgotten it.' } },
      responses: {
        200: json(
          'Stopped.',
          atLeast({ 'service-id': text, success: flag, result: text, 'routers-agree ?': flag }),
        ),
        400: refused('A bad timeout.'),
        403: forbidden,
        404: { ...notFound, description: 'Not running, or unknown.' },
      },
    },
  },
  '/apps/:id/await/:goal': {
    get: {
      summary: 'Wait until this router sees a service deleted, existing or healthy',
      auth: 'peer or user',
      query: {
        timeout: { ...timeout, required: true },
        'sleep-duration': { description: 'Time between looks, in ms; default 100.', schema: count },
      },
      responses: {
        200: json(
          'What was reached.',
          atLeast({
            'service-id': text,
            'goal-state': text,
            'goal-success?': flag,
            'service-exists?': flag,
            'service-healthy?': flag,
          }),
        ),
        400: refused('No timeout, or a bad one.'),
      },
    },
  },
  '/apps/:id/decisions': {
    get: {
      summary: 'What the scaler decided, and why; newest first',
      auth: 'user',
      query: {
        length: { description: '1 to 1000; default 20.', schema: count },
        after: { description: 'Only what came after the entry of this id, as `1700000000000-0`.' },
      },
      responses: {
        200: json(
          'Decisions, and what came of them.',
          exactly({ 'service-id': text, decisions: listOf(ref('Decision')) }),
        ),
        400: refused('A bad length or id.'),
        404: notFound,
      },
    },
  },
  '/apps/:id/logs': {
    get: {
      summary: 'Files of an instance',
      auth: 'user',
      query: {
        'instance-id': { description: 'The instance.', required: true },
        host: { description: 'Where it runs.', required: true },
        directory: { description: 'A directory below its sandbox.' },
      },
      headers: { 'x-view-as-user': viewAs },
      responses: {
        200: json(
          'Files and directories.',
          listOf(atLeast({ name: text, type: oneOf('file', 'directory'), url: text, 'size ?': count })),
        ),
        400: refused('instance-id or host is missing.'),
        401: refused('Not allowed.'),
        404: notFound,
      },
    },
  },
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
