import { json, refused, type Operation, type Operations, type Parameter } from '../operation';
import { anyMap, anything, atLeast, count, flag, integer, listOf, oneOf, text } from '../shapes';
import { filters, forbidden, notFound, timeout, viewAs } from './service-parts';

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

/** Instances of a service, their files, and signals to them (spec: services-and-tokens 4.7, 4.9). */
export const INSTANCE_OPERATIONS: Operations = {
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
  '/apps/:id/instance/:instance/expire': {
    post: signal('Replace an instance gracefully', {}),
  },
  '/apps/:id/instance/:instance/kill': {
    post: signal('Stop an instance', { force: { description: 'At once, without a drain.', schema: flag } }),
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
};
