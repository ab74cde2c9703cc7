import { ref, text, type JsonSchema } from './shapes';

/** One operation as it is written by hand; `document.ts` makes the OpenAPI object of it. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  /** `user`: authenticated; `peer`: other routers of the cluster. */
  readonly auth: 'none' | 'user' | 'peer' | 'peer or user';
  readonly query?: Readonly<Record<string, Parameter>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
  readonly body?: { readonly schema: JsonSchema; readonly type?: string; readonly required?: boolean };
  readonly responses: Readonly<Record<number, Response>>;
}

export interface Parameter {
  readonly description: string;
  readonly schema?: JsonSchema;
  readonly required?: boolean;
  readonly repeatable?: boolean;
}

export interface Response {
  readonly description: string;
  /** By media type; empty for a response without a body. */
  readonly content: Readonly<Record<string, JsonSchema>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By path, as the routes name it (`/apps/:id`), then by method. */
export type Operations = Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>;
export type Method = 'get' | 'post' | 'put' | 'delete';

export const json = (
  description: string,
  schema: JsonSchema,
  headers?: Readonly<Record<string, string>>,
): Response => ({
  description,
  content: { 'application/json': schema },
  ...(headers === undefined ? {} : { headers }),
});

export const plain = (description: string, type = 'text/plain'): Response => ({
  description,
  content: { [type]: text },
});

/** An error, in the form that the request asks for (spec: services-and-tokens 0.5). */
export const refused = (description: string): Response => ({
  description,
  content: { 'application/json': ref('Error'), 'text/html': text, 'text/plain': text },
});
