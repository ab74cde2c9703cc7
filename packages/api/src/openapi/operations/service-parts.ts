import { refused, type Parameter } from '../operation';
import { count } from '../shapes';

/** What operations on services have in common. */
export const notFound = refused('No such service.');
export const forbidden = refused('Not allowed.');
export const filters =
  'Any service parameter, also by dotted path (`env.NAME`), is a filter: exact, or a regular expression that matches the whole value.';
export const timeout: Parameter = { description: 'How long to wait, in ms.', schema: count };
export const viewAs: Parameter = { description: 'With the permissions of this user; for administrators.' };
