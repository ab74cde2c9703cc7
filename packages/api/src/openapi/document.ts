import { COMPONENT_SCHEMAS } from './component-schemas';
import type { Operation, Operations, Parameter, Response } from './operation';
import { BROWSER_OPERATIONS } from './operations/browser';
import { METRICS_OPERATIONS } from './operations/metrics';
import { ROUTER_OPERATIONS } from './operations/router';
import { SERVICE_CONTROL_OPERATIONS } from './operations/service-control';
import { SERVICE_OPERATIONS } from './operations/services';
import { STATE_OPERATIONS, stateComponent } from './operations/state';
import { SIMULATOR_OPERATIONS } from './operations/simulator';
import { TOKEN_OPERATIONS } from './operations/tokens';
import { text, type JsonSchema } from './shapes';

/** An OpenAPI 3.1 document, as far as readers of it here need to know. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & JsonSchema;
  readonly security: readonly JsonSchema[];
}

export interface OpenApiOperation {
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly JsonSchema[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
      }
    >
  >;
}

const SECTIONS: readonly (readonly [tag: string, operations: Operations])[] = [
  ['tokens', TOKEN_OPERATIONS],
  ['services', SERVICE_OPERATIONS],
  ['services', SERVICE_CONTROL_OPERATIONS],
  ['router', ROUTER_OPERATIONS],
  ['router', METRICS_OPERATIONS],
  ['router', BROWSER_OPERATIONS],
  ['router', STATE_OPERATIONS],
  ['simulator', SIMULATOR_OPERATIONS],
];

/**
 * The document of the control API.
 * @param paths of the routes that are served, as express has them; what is written here of others is left out
 */
export function openApiDocument(version: string, paths: readonly string[]): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waiter',
      version,
      description:
        'The control API of a router. Errors are a `waiter-error`, in JSON when the request accepts JSON. Requests that name a service by token, host or headers are not for this API, except to /token, /service-id, /app-name and /waiter-ping.',
    },
    security: [{ cookie: [] }],
    paths: Object.fromEntries(
      [...new Set(paths)].sort().flatMap((path) => {
        const found = operationsOf(path);
        if (found === null) return [];
        const [tag, methods] = found;
        const written = Object.entries(methods).map(([method, one]) => [method, operation(path, tag, one)]);
        return [[path.replace(/:(\w+)/g, '{$1}'), Object.fromEntries(written)]];
      }),
    ),
    components: {
      schemas: COMPONENT_SCHEMAS,
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: 'x-waiter-auth' },
        peer: { type: 'http', scheme: 'basic', description: 'Between routers of a cluster.' },
      },
    },
  };
}

function operationsOf(path: string): [string, Readonly<Record<string, Operation>>] | null {
  for (const [tag, operations] of SECTIONS) {
    if (Object.hasOwn(operations, path)) return [tag, { ...operations[path] }];
  }
  const component = /^\/state\/([a-z-]+)$/.exec(path)?.[1];
  return component === undefined ? null : ['router', { get: stateComponent(component) }];
}

const SECURITY: Readonly<Record<Exclude<Operation['auth'], 'user'>, readonly JsonSchema[]>> = {
  none: [],
  peer: [{ peer: [] }],
  'peer or user': [{ peer: [] }, { cookie: [] }],
};

function operation(path: string, tag: string, one: Operation): OpenApiOperation {
  const { summary, description, auth, query = {}, headers = {}, body, responses } = one;
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    ...(one.deprecated === true ? { deprecated: true } : {}),
    tags: [tag],
    ...(auth === 'user' ? {} : { security: SECURITY[auth] }),
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: text })),
      ...Object.entries(query).map(([name, it]) => parameter(name, 'query', it)),
      ...Object.entries(headers).map(([name, it]) => parameter(name, 'header', it)),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.required === true,
            content: { [body.type ?? 'application/json']: { schema: body.schema } },
          },
        }),
    responses: Object.fromEntries([
      ...Object.entries(responses).map(([status, it]) => [status, response(it)]),
      ['default', DEFAULT],
    ]),
  };
}

function parameter(
  name: string,
  place: string,
  { description, schema = text, required, repeatable }: Parameter,
): JsonSchema {
  return {
    name,
    in: place,
    description,
    ...(required === true ? { required } : {}),
    schema: repeatable === true ? { type: 'array', items: schema } : schema,
  };
}

function response({ description, content, headers = {} }: Response): OpenApiOperation['responses'][string] {
  return {
    description,
    content: Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])),
    ...(Object.keys(headers).length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text_]) => [name, { description: text_, schema: text }]),
          ),
        }),
  };
}

const DEFAULT = {
  description: 'Any other failure.',
  content: {
    'application/json': { schema: { $ref: '#/components/schemas/Error' } },
    'text/html': { schema: text },
    'text/plain': { schema: text },
  },
};
