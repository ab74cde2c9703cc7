import { json, refused, type Operation, type Operations, type Parameter } from '../operation';
import {
  anyMap,
  anything,
  atLeast,
  count,
  described,
  exactly,
  flag,
  listOf,
  oneOf,
  ref,
  text,
} from '../shapes';
import { filters, forbidden, notFound, timeout, viewAs } from './service-parts';

const effective: Parameter = { description: 'Show the parameters with defaults and profile.', schema: flag };

const done = json('Done.', atLeast({ 'service-id': text, success: flag }));

const stateChange = (action: 'suspend' | 'resume', summary: string): Operation => ({
  summary,
  auth: 'user',
  responses: {
    200: json('Done.', exactly({ action: { const: action }, 'service-id': text, success: flag })),
    403: forbidden,
    404: notFound,
  },
});

/** `/apps` (spec: services-and-tokens 4.6 to 4.8). */
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
  '/apps/:id/override': {
    get: {
      summary: 'Parameters that an operator set aside from the description',
      auth: 'user',
      responses: {
        200: json('Overrides.', atLeast({ 'service-id': text, 'overrides ?': anyMap })),
        403: forbidden,
      },
    },
    post: {
      summary: 'Set overrides',
      auth: 'user',
      body: { schema: described(anyMap, 'Overridable parameters.'), required: true },
      responses: { 200: done, 400: refused('Not overridable, or not acceptable.'), 403: forbidden },
    },
    delete: { summary: 'Clear overrides', auth: 'user', responses: { 200: done, 403: forbidden } },
  },
  '/apps/:id/refresh': {
    get: {
      summary: 'Read a service again',
      auth: 'peer',
      responses: { 200: json('Done.', anything), 401: refused('Not a router.'), 404: notFound },
    },
  },
  '/apps/:id/resume': { get: stateChange('resume', 'Accept requests for a service again') },
  '/apps/:id/suspend': { get: stateChange('suspend', 'Refuse requests for a service') },
};
