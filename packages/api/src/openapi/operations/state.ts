import { json, refused, type Operation, type Operations } from '../operation';
import {
  anyMap,
  anything,
  atLeast,
  count,
  exactly,
  flag,
  listOf,
  mapOf,
  text,
  type JsonSchema,
} from '../shapes';

const state = (summary: string, shape: JsonSchema = anything): Operation => ({
  summary,
  auth: 'user',
  query: {
    include: {
      description: 'What more to show; supported values are listed in the answer.',
      repeatable: true,
    },
  },
  responses: { 200: json('The state.', atLeast({ 'router-id': text, state: shape })) },
});

/** Of the original; what took its place is said in the answer. */
const gone = (summary: string): Operation => ({
  summary: `${summary}; no longer served`,
  auth: 'none',
  deprecated: true,
  responses: { 410: refused('What took its place.') },
});

const router = atLeast({ id: text, name: text, address: text, port: count, 'custom-details': anyMap });

/** `/state` and its components, and what routers told each other once (spec: services-and-tokens 4.19 and 4.20). */
export const STATE_OPERATIONS: Operations = {
  '/eject': { post: gone('Told other routers to avoid an instance') },
  '/ejected/:id': {
    get: {
      summary: 'Instances of a service that get no requests, since their last ones failed',
      auth: 'none',
      responses: { 200: json('Ids.', exactly({ 'ejected-instances': listOf(text) })) },
    },
  },
  '/reference/notify': { post: gone('Told routers that something has changed') },
  '/waiter-kill-instance/:id': { post: gone('Stopped an instance') },
  '/work-stealing': { post: gone('Handed an instance to another router') },
  '/state': {
    get: {
      summary: 'Components that have a state, and the routers',
      auth: 'user',
      responses: {
        200: json('Links.', atLeast({ 'router-id': text, routers: mapOf(text), details: mapOf(text) })),
      },
    },
  },
  '/state/:id': { get: state('State of one service; of an unknown one, empty parts', anyMap) },
  '/state/custom-components/:name': { get: state('State of a component of the operator') },
  '/state/maintainer': {
    get: state(
      'The routers of the fleet',
      atLeast({ routers: mapOf(text), 'router-details': mapOf(router) }),
    ),
  },
  '/state/leader': {
    get: state('Who leads', atLeast({ 'leader?': flag, 'leader-id': { type: ['string', 'null'] } })),
  },
  '/state/fallback': {
    get: state(
      'Services that can stand in',
      atLeast({
        state: atLeast({ 'available-service-ids': listOf(text), 'healthy-service-ids': listOf(text) }),
      }),
    ),
  },
  '/state/entitlement-manager': { get: state('Who decides on permissions', atLeast({ name: text })) },
};

/** Components whose state has no fixed shape; their routes are made from a list too. */
export const stateComponent = (name: string): Operation => state(`State of ${name}`);
