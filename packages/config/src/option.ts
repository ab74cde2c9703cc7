import Joi from 'joi';
import { formatDuration, parseDuration } from '@waiter/core';

/** What defaults may depend on: the machine this process runs on. */
export interface Machine {
  readonly hostname: string;
  /** The OS user of this process. */
  readonly username: string;
  /** Six characters that differ from process to process. */
  readonly unique: string;
}

/**
 * One option: how it is written (file, environment, flag), what it compiles to, and how it is documented.
 * `Written` is JSON as it stands in a file, `Compiled` is what code reads.
 */
export interface Option<Written, Compiled, Kind extends string = string> {
  readonly kind: Kind;
  readonly description: string;
  /** In the reference, for a default that depends on the machine. */
  readonly defaultText?: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** A shorter flag beside the one derived from the path. */
  readonly alias?: string;
  readonly schema: Joi.Schema;
  default(machine: Machine): Written;
  /** From the text of an environment variable or a flag; whether it is valid is the schema's business. */
  read(text: string): unknown;
  compile(written: Written, machine: Machine): Compiled;
  /** Back to what a file would say. */
  write(compiled: Compiled): unknown;
}

export interface Details<T> {
  readonly description: string;
  readonly default: T | ((machine: Machine) => T);
  readonly defaultText?: string;
  readonly secret?: boolean;
  readonly alias?: string;
}

function option<W, C, K extends string>(
  kind: K,
  schema: Joi.Schema,
  { default: fallback, ...details }: Details<W>,
  codec: Pick<Option<W, C, K>, 'read' | 'compile' | 'write'>,
): Option<W, C, K> {
  const isComputed = (value: W | ((machine: Machine) => W)): value is (machine: Machine) => W =>
    typeof value === 'function';
  return {
    kind,
    schema,
    ...details,
    ...codec,
    default: (machine) => (isComputed(fallback) ? fallback(machine) : fallback),
  };
}

const asIs = <T>() => ({
  read: (text: string): unknown => text,
  compile: (written: T): T => written,
  write: (compiled: T): unknown => compiled,
});

export const text = (details: Details<string>, schema: Joi.StringSchema = Joi.string()) =>
  option<string, string, 'text'>('text', schema, details, asIs());

/** A text that may be left out. */
export const optionalText = (
  details: Omit<Details<string>, 'default'>,
  schema: Joi.StringSchema = Joi.string(),
) =>
  option<string | undefined, string | undefined, 'text'>(
    'text',
    schema,
    { ...details, default: undefined },
    asIs(),
  );

export const choice = <const T extends string>(values: readonly T[], details: Details<T>) =>
  option<T, T, 'choice'>('choice', Joi.string().valid(...values), details, asIs());

export const integer = (min: number, max: number, details: Details<number>) =>
  option<number, number, 'integer'>('integer', Joi.number().integer().min(min).max(max), details, asIs());

export const number = (min: number, details: Details<number>) =>
  option<number, number, 'number'>('number', Joi.number().greater(min), details, asIs());

export const flag = (details: Details<boolean>) =>
  option<boolean, boolean, 'boolean'>('boolean', Joi.boolean(), details, asIs());

/** Written "30s"; compiles to milliseconds, under the name with `Ms` appended. */
export const duration = (details: Details<string>) =>
  option<string, number, 'duration'>(
    'duration',
    Joi.string().custom((written: string) => {
      parseDuration(written);
      return written;
    }),
    details,
    { read: (text) => text, compile: parseDuration, write: formatDuration },
  );

/** A moment, written as ISO-8601; compiles to epoch milliseconds, under the name with `Ms` appended. */
export const instant = (details: Details<string>) =>
  option<string, number, 'instant'>('instant', Joi.string().isoDate(), details, {
    read: (text) => text,
    compile: Date.parse,
    write: (compiled) => new Date(compiled).toISOString(),
  });

/** A list; in the environment and in flags its items are separated by commas, or it is a JSON array. */
export const list = (item: Joi.Schema, details: Details<readonly string[]>, min = 0) =>
  option<readonly string[], readonly string[], 'list'>('list', Joi.array().items(item).min(min), details, {
    ...asIs(),
    read: (text) => (text.trim().startsWith('[') ? json(text) : text.split(',').map((part) => part.trim())),
  });

/** Structured data; in the environment and in flags it is JSON. */
export const object = <W, C>(
  schema: Joi.Schema,
  details: Details<W>,
  compile: (written: W, machine: Machine) => C,
  write: (compiled: C) => unknown,
) => option<W, C, 'object'>('object', schema, details, { read: json, compile, write });

/** Joi speaks for text that is no JSON: it is not what the schema wants. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A TCP or UDP port; 0 is left to the operating system. */
export const port = (fallback: number, description: string, alias?: string): ReturnType<typeof integer> =>
  integer(0, 65_535, { default: fallback, description, ...(alias === undefined ? {} : { alias }) });
