import { json, plain, refused, type Operations } from '../operation';
import { anyMap, atLeast, exactly, flag, mapOf, text } from '../shapes';

/** `/metrics` (docs/reference/metrics.md). */
export const METRICS_OPERATIONS: Operations = {
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
};
