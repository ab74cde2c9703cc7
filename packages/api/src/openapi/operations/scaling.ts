import { json, refused, type Operation, type Operations } from '../operation';
import { count, described, exactly, flag, listOf, mapOf, ref, text } from '../shapes';
import { forbidden, notFound } from './service-parts';

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

/** What the scaler decides, and where it is told not to. */
export const SCALING_OPERATIONS: Operations = {
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
};
