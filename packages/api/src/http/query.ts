import type { Request } from 'express';

/** Query-string conventions (spec: services-and-tokens 0.7). */

/** All values of a parameter, in order; empty when it is absent. */
export function valuesOf(request: Request, name: string): readonly string[] {
  const value: unknown = Object.hasOwn(request.query, name) ? request.query[name] : undefined;
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** True only for a single `true`, in any case. */
export function isFlagSet(request: Request, name: string): boolean {
  const values = valuesOf(request, name);
  return values.length === 1 && values[0]?.toLowerCase() === 'true';
}

/** Whether `include` names this. */
export function includes(request: Request, what: string): boolean {
  return valuesOf(request, 'include').includes(what);
}

/** Undefined when absent; null when it is no integer. */
export function integerOf(request: Request, name: string): number | null | undefined {
  const values = valuesOf(request, name);
  if (values.length === 0) return undefined;
  const [text = ''] = values;
  return values.length === 1 && /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null;
}
