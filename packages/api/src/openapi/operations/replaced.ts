import { json, refused, type Operation, type Operations } from '../operation';
import { exactly, listOf, text } from '../shapes';

/** Of the original; what took its place is said in the answer. */
const gone = (summary: string): Operation => ({
  summary: `${summary}; no longer served`,
  auth: 'none',
  deprecated: true,
  responses: { 410: refused('What took its place.') },
});

/** By which routers of the original spoke to each other. */
export const REPLACED_OPERATIONS: Operations = {
  '/eject': { post: gone('Told other routers to avoid an instance') },
  '/ejected/:id': {
    get: {
      summary: 'Instances of a service that this router avoids',
      auth: 'none',
      responses: { 200: json('Ids.', exactly({ 'ejected-instances': listOf(text) })) },
    },
  },
  '/reference/notify': { post: gone('Told routers that something has changed') },
  '/waiter-kill-instance/:id': { post: gone('Stopped an instance') },
  '/work-stealing': { post: gone('Handed an instance to another router') },
};
