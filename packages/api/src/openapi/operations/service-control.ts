import { json, refused, type Operation, type Operations, type Parameter } from '../operation';
import { anyMap, anything, atLeast, count, described, exactly, flag, mapOf, ref, text } from '../shapes';

const notFound = refused('No such service.');

const forbidden = refused('Not allowed.');

const timeout: Parameter = { description: 'How long to wait, in ms.', schema: count };

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

const scalingChange = (summary: string, of: 'service' | 'cluster'): Operation => ({
  summary,
  auth: 'user',
  query: { reason: { description: 'Shown wherever the pause is; at most 500 characters.' } },
  responses: {
    200: json(
      'Done.',
      exactly({
        ...(of === 'service' ? { 'service-id': text } : {}),
        paused: flag,
        changed: described(flag, 'Of a resume: whether it was paused.'),
        'in-force': described(
          flag,
          'Whether the leader has said that it heeds it; else with its next evaluation.',
        ),
        success: flag,
      }),
    ),
    400: refused('The reason is too long.'),
    403: of === 'service' ? forbidden : refused('Not an administrator.'),
    ...(of === 'service' ? { 404: notFound } : {}),
  },
});

const signal = (summary: string, query: Readonly<Record<string, Parameter>>): Operation => ({
  summary,
  auth: 'user',
  query: { ...query, timeout },
  body: { schema: anything },
  responses: {
    200: json('Sent.', atLeast({ 'signal-response': atLeast({ message: text, success: flag }) })),
    400: json('A bad timeout, or an instance that was killed already.', anyMap),
    403: forbidden,
    404: json('No such service or instance.', anyMap),
  },
});

/** What changes a service that runs: suspend, override, refresh, scaling, signals to instances (spec: services-and-tokens 4.8). */
export const SERVICE_CONTROL_OPERATIONS: Operations = {
  '/apps/:id/instance/:instance/expire': {
    post: signal('Replace an instance gracefully', {}),
  },
  '/apps/:id/instance/:instance/kill': {
    post: signal('Stop an instance', { force: { description: 'At once, without a drain.', schema: flag } }),
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
  '/apps/:id/scaling/pause': {
    post: scalingChange('Neither start nor stop instances of a service', 'service'),
  },
  '/apps/:id/scaling/resume': { post: scalingChange('Scale a service again', 'service') },
  '/scaling': {
    get: {
      summary: 'Where scaling is paused',
      auth: 'user',
      responses: {
        200: json(
          'The pauses.',
          exactly({
            'paused?': flag,
            'pause ?': ref('ScalingPause'),
            'paused-services': mapOf(ref('ScalingPause')),
          }),
        ),
      },
    },
  },
  '/scaling/pause': { post: scalingChange('Neither start nor stop instances of any service', 'cluster') },
  '/scaling/resume': { post: scalingChange('Scale services again', 'cluster') },
  '/apps/:id/suspend': { get: stateChange('suspend', 'Refuse requests for a service') },
};
