import { plain, refused, type Operations } from '../operation';
import { anyMap, atLeast, count, integer, listOf, mapOf, number, text, type JsonSchema } from '../shapes';

const form = {
  form: { description: '`html`: a part of a page, with plots, instead of JSON.' },
} as const;

const answers = (description: string, schema: JsonSchema) => ({
  200: {
    description,
    content: { 'application/json': schema, 'text/html': text },
  },
  400: refused('Parameters out of range, or a run that takes too long.'),
  503: refused('Too many simulations wait already.'),
});

const duration: JsonSchema = { type: 'string', examples: ['30s'] };
const figures = atLeast({
  policy: text,
  requests: count,
  waitP50Ms: number,
  waitP99Ms: number,
  waitP999Ms: number,
  waitedOverStartup: number,
  instanceSeconds: number,
  startsPlusStops: count,
  coldStarts: count,
});

/** The scaling simulator (spec: scaling-and-schedulers 2.1). */
export const SIMULATOR_OPERATIONS: Operations = {
  '/sim': {
    get: {
      summary: 'The scaling simulator, as a page',
      auth: 'user',
      responses: { 200: plain('Forms and plots.', 'text/html') },
    },
    post: {
      summary: "Runs the original's simulator of closed-loop clients",
      description: 'Parameters are data: `client-curve` maps ticks to clients that come or leave.',
      auth: 'user',
      query: form,
      body: {
        schema: atLeast({ 'config ?': anyMap, 'client-curve ?': mapOf(integer) }),
      },
      responses: answers('The state before each tick.', listOf(anyMap)),
    },
  },
  '/sim/requests': {
    post: {
      summary: 'Compares scaling policies on a load, request by request',
      auth: 'user',
      query: form,
      body: {
        schema: atLeast({
          'pattern ?': text,
          'rate ?': number,
          'period ?': duration,
          'length ?': duration,
          'trace ?': atLeast({ counts: listOf(count), 'step ?': duration }),
          'policies ?': listOf(text),
          'service-time ?': duration,
          'service-distribution ?': text,
          'service-cv ?': number,
          'startup ?': duration,
          'startup-distribution ?': text,
          'startup-cv ?': number,
          'concurrency-level ?': count,
          'min-instances ?': count,
          'max-instances ?': count,
          'routers ?': count,
          'seed ?': count,
        }),
      },
      responses: answers('Figures per policy.', atLeast({ title: text, results: listOf(figures) })),
    },
  },
  '/sim/page.js': {
    get: {
      summary: 'Script of the page',
      auth: 'user',
      responses: { 200: plain('It.', 'text/javascript') },
    },
  },
  '/sim/page.css': {
    get: { summary: 'Style of the page', auth: 'user', responses: { 200: plain('It.', 'text/css') } },
  },
};
