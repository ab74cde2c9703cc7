import Joi from 'joi';
import { compilePattern } from '@waiter/core';

/** A regular expression of an operator's, by the rules that hold for those of clients. */
export const pattern = Joi.string().custom((source: string) => {
  compilePattern(source);
  return source;
});
