import { RE2JS, RE2JSException } from 're2js';

/** A regular expression that is compiled, for whole texts. */
export interface Pattern {
  /** Whether all of the text matches. Takes time in proportion to the text, whatever the expression. */
  matches(text: string): boolean;
}

/** Why an expression cannot be used. */
export class PatternError extends Error {
  constructor(
    reason: string,
    /** V8 would take it: it asks for lookaround, backreferences, or more repetitions than are counted. */
    readonly unsupported: boolean,
  ) {
    super(`${unsupported ? 'Unsupported' : 'Invalid'} regular expression: ${reason}`);
    this.name = 'PatternError';
  }
}

/**
 * Bounds of what one text can cost: at worst as many steps as it has characters times as many instructions. 1,200
 * characters (the longest `cmd`) and 500 instructions come to some 10 ms.
 */
const MAX_LENGTH = 1_000;
const MAX_INSTRUCTIONS = 500;
/** Without these the expression is the text itself. */
const SPECIAL = /[\\^$.*+?()[\]{}|]/;

/**
 * Compiles an expression of a client or an operator, in the syntax of RE2 (that of Perl without lookaround and
 * backreferences). `RegExp` backtracks: `(a+)+b` would hold the process for as long as the client likes. A dot takes
 * every character.
 * @throws PatternError
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_LENGTH) throw new PatternError(`longer than ${MAX_LENGTH} characters`, true);
  if (!SPECIAL.test(source)) return { matches: (text) => text === source };
  const compiled = compile(source);
  if (compiled.programSize() > MAX_INSTRUCTIONS) throw new PatternError('too many repetitions', true);
  return { matches: (text) => compiled.testExact(text) };
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // It shows its flags as a part of the expression.
    const reason = error.message.replace(/^error parsing regexp: /, '').replace('`(?s)', '`');
    throw new PatternError(reason, isRegExp(source));
  }
}

/** Only parses: nothing is matched. */
function isRegExp(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}
