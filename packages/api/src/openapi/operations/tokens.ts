import { json, refused, type Operations, type Parameter } from '../operation';
import { atLeast, count, exactly, flag, integer, listOf, mapOf, oneOf, ref, text, time } from '../shapes';

const token: Parameter = { description: 'Name of the token.' };
const ifMatch: Parameter = {
  description: 'Etag of the version that this replaces; empty: there must be none.',
};
const etag = { etag: 'Tag of the version; absent for a deleted token.' };
const result = { 'x-waiter-operation-result': 'token-created, token-updated, token-no-op or token-deleted' };
const stale = refused('The token is not the version that if-match names.');

/** `/token`, `/tokens`, `/token-history` (spec: services-and-tokens 4.1 to 4.5). */
export const TOKEN_OPERATIONS: Operations = {
  '/token': {
    get: {
      summary: 'Read a token',
      auth: 'user',
      query: {
        token: { description: 'Name; else x-waiter-token or a Host that is not ours.' },
        include: {
          description: 'metadata: bookkeeping and history too; deleted: also when soft-deleted.',
          schema: oneOf('metadata', 'deleted'),
          repeatable: true,
        },
      },
      headers: { 'x-waiter-token': token },
      responses: {
        200: json(
          'The token as it was written, and with include=metadata its bookkeeping.',
          { anyOf: [ref('Token'), ref('TokenWithMetadata')] },
          etag,
        ),
        404: refused('No such token.'),
      },
    },
    post: {
      summary: 'Create or replace a token',
      auth: 'user',
      query: {
        token: { description: 'Name, unless the body has it.' },
        'update-mode': {
          description: 'admin: bookkeeping may be given, permission to administer is needed.',
        },
      },
      headers: { 'if-match': ifMatch },
      body: { schema: ref('NewToken'), required: true },
      responses: {
        200: json(
          'Created, updated, or no change.',
          exactly({ message: text, 'service-description': ref('ServiceDescription') }),
          { ...etag, ...result },
        ),
        400: refused('A parameter is not acceptable; the message has a line for each.'),
        403: refused('Not allowed.'),
        412: stale,
      },
    },
    delete: {
      summary: 'Delete a token',
      description: 'Soft: the token stays readable with include=deleted. Its services are not stopped.',
      auth: 'user',
      query: { 'hard-delete': { description: 'Remove it for good.', schema: flag } },
      headers: { 'x-waiter-token': { ...token, required: true }, 'if-match': ifMatch },
      responses: {
        200: json(
          'Deleted.',
          exactly({ delete: text, 'hard-delete': flag, success: { const: true } }),
          result,
        ),
        400: refused('No name, or a hard delete without if-match.'),
        403: refused('Not allowed.'),
        404: refused('No such token.'),
        412: stale,
      },
    },
  },
  '/tokens': {
    get: {
      summary: 'List tokens, or watch them',
      description:
        'Any token parameter, also by dotted path (`env.NAME`), is a filter: exact, or a regular expression that matches the whole value. With watch=true the answer is a stream of objects, one per line.',
      auth: 'user',
      query: {
        owner: { description: 'Only of these owners.', repeatable: true },
        include: {
          description: 'What more to show.',
          schema: oneOf('metadata', 'deleted', 'cluster', 'service-id'),
          repeatable: true,
        },
        parameters: { description: 'Values of the token to show, by dotted path.', repeatable: true },
        'can-manage-as-user': { description: 'Only what this user may manage.' },
        maintenance: { description: 'Only those in maintenance, or not.', schema: flag },
        'run-as-requester': {
          description: 'Only those without a user of their own, or with one.',
          schema: flag,
        },
        'requires-parameters': { description: 'Only those that need parameters, or not.', schema: flag },
        watch: { description: 'Stream changes.', schema: flag },
        since: { description: 'watch: id of the last object seen; continue after it.' },
        'streaming-timeout': {
          description: 'watch: end after so many ms without a change.',
          schema: integer,
        },
        'reference-updates': { description: 'watch: other references too.', schema: flag },
      },
      responses: {
        200: json('Tokens that pass all filters.', listOf(ref('TokenEntry'))),
        400: refused('streaming-timeout is not an integer.'),
      },
    },
  },
  '/token-history': {
    get: {
      summary: 'Versions of a token, newest first',
      auth: 'user',
      query: {
        token: { ...token, required: true },
        length: { description: 'Most versions; default 10.', schema: count },
      },
      responses: {
        200: json(
          'Versions that make a service.',
          listOf(
            atLeast({
              'service-description': ref('ServiceDescription'),
              'service-id': text,
              'source-component': { const: 'token' },
              'update-time': time,
            }),
          ),
        ),
        400: refused('A bad length, or a token that makes no service.'),
        404: refused('No such token.'),
      },
    },
  },
  '/tokens/owners': {
    get: {
      summary: 'All owners of tokens',
      auth: 'user',
      responses: { 200: json('Owner to an opaque key.', mapOf(text)) },
    },
  },
  '/tokens/reindex': {
    post: {
      summary: 'Rebuild the lists of tokens by owner',
      auth: 'user',
      responses: { 200: json('Done.', exactly({ message: text, tokens: count })) },
    },
  },
  '/tokens/refresh': {
    post: {
      summary: 'Forget what is cached of a token',
      description: 'For routers of the original in the same fleet; ours follow the change feed.',
      auth: 'peer',
      body: { schema: atLeast({ 'token ?': text, 'owner ?': text, 'index ?': flag }) },
      responses: {
        200: json('Done.', atLeast({ success: { const: true } })),
        400: refused('Not JSON, or an owner without tokens.'),
        401: refused('Not a router.'),
      },
    },
  },
};
