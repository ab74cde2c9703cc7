import Joi from 'joi';
import { list } from './option';
import type { Machine } from './option';

const base = list(Joi.string().hostname(), {
  default: ['localhost'],
  description:
    'Names of the routers themselves: a request for one of them is for the API. The first is used in generated URLs; ' +
    '`localhost`, `127.0.0.1` and the name of the machine are always added.',
});

/** The names by which clients reach the API (spec: services-and-tokens 0.1). */
export const hostnamesOption = {
  ...base,
  compile: (written: readonly string[], machine: Machine): readonly string[] => [
    ...new Set([...written, 'localhost', '127.0.0.1', machine.hostname].map((name) => name.toLowerCase())),
  ],
};
