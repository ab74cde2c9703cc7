import type { Request } from 'express';
import { ApiError, unsupportedMediaType } from '../api-error';
import type { Embed } from '../views/app-view';

/** A boolean query parameter; anything but "true" (in any case) is false. */
export function flag(request: Request, name: string, byDefault = false): boolean {
  const value = values(request, name)[0];
  return value === undefined ? byDefault : value.toLowerCase() === 'true';
}

/** All values of a query parameter, `name=` and `name[]=` alike. */
export function values(request: Request, name: string): string[] {
  return [request.query[name], request.query[`${name}[]`]]
    .flat()
    .filter((value): value is string => typeof value === 'string');
}

/** Capture group `index` of the route's path expression, decoded. */
export function captured(request: Request, index: number): string {
  const value = (request.params as Record<string, string | string[] | undefined>)[String(index)];
  return typeof value === 'string' ? value : '';
}

/** A person with curl forgets the header, and gets a form's; Marathon itself wants JSON alone. */
const TAKEN_FOR_JSON = /^(application\/(.+\+)?json|text\/plain|application\/x-www-form-urlencoded)\b/i;

/** @throws ApiError 400 with the parser's text, 415 for a body that says it is something else */
export function jsonBody(request: Request): unknown {
  const type = request.get('content-type');
  if (type !== undefined && !TAKEN_FOR_JSON.test(type.trim())) throw unsupportedMediaType();
  const text: unknown = request.body;
  try {
    return JSON.parse(typeof text === 'string' ? text : '');
  } catch (error) {
    throw new ApiError(400, { message: 'Invalid JSON', details: (error as Error).message });
  }
}

const PREFIXES = /^(group\.)?(apps|app)\./;

/** The `embed` parameters, in any of their prefix forms; unknown ones are ignored (4B.3). */
export function embeds(request: Request): Set<Embed> {
  const found = new Set<Embed>();
  for (const value of values(request, 'embed')) {
    const name = value.replace(PREFIXES, '');
    if (name === 'tasks' || name === 'taskStats' || name === 'readiness') found.add(name);
    if (name === 'lastTaskFailure' || name === 'failures') found.add('lastTaskFailure');
    if (name === 'failures') found.add('tasks');
  }
  return found;
}
