import { json, type Operation, type Operations } from '../operation';
import { anyMap, anything, atLeast, count, flag, listOf, mapOf, text, type JsonSchema } from '../shapes';

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

const router = atLeast({ id: text, name: text, address: text, port: count, 'custom-details': anyMap });

/** What a router knows (spec: services-and-tokens 4.17). */
export const STATE_OPERATIONS: Operations = {
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
