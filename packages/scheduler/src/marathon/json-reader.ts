import type { Json } from '@waiter/core';

/**
 * Reading what another program sent: each function gives what was asked for, or the empty value of it. Marathon
 * versions differ in what they leave out or send as null; a field that is odd must not hide the rest of an answer.
 */
export type JsonObject = { readonly [key: string]: Json };

export function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function integer(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isInteger(value) ? value : null;
}

/** Epoch milliseconds of an ISO timestamp. */
export function timestamp(value: Json | undefined): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** `undefined` when the text is not JSON. */
export function parse(source: string): Json | undefined {
  try {
    return JSON.parse(source) as Json;
  } catch {
    return undefined;
  }
}
