import Joi from 'joi';
import type { Json } from '../words';
import { isMap, own } from '../json';
import { compilePattern, PatternError } from '../patterns';
import { FILLED } from './definition';

/** One key of a token that is not part of the service description (spec: services-and-tokens 1.3, lines 3.4). */
export interface UserMetadataDefinition {
  readonly name: string;
  readonly schema: Joi.Schema;
  readonly line: (value: Json) => string;
  /** Applied when the token is used; never stored or returned. */
  readonly defaultValue: Json | undefined;
  readonly summary: string;
}

export const CORS_METHODS: readonly string[] = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
];

const regex = Joi.string().custom((value: string) => {
  compilePattern(value);
  return value;
}, 'regular expression');

const corsRule = Joi.object({
  'origin-regex': regex.required(),
  'target-path-regex': regex,
  methods: Joi.array()
    .items(Joi.string().valid(...CORS_METHODS))
    .min(1),
});

const CORS_LINES: Readonly<Record<string, string>> = {
  'origin-regex': 'origin-regex must be a valid regular expression',
  'target-path-regex': 'target-path-regex must be a valid regular expression',
  methods: 'methods must be a non-empty list of http methods (in upper-case)',
};

function corsLine({ path, context }: Joi.ValidationErrorItem): string {
  const key = String(path[0] ?? 'rule');
  const line = own(CORS_LINES, key) ?? `${key} is not a valid key`;
  const fault: unknown = context?.['error'];
  return fault instanceof PatternError && fault.unsupported ? `${line} (${fault.message})` : line;
}

function explainCorsRules(value: Json): string {
  if (!Array.isArray(value)) return 'cors-rules must be a list';
  const lines = value.flatMap((rule) => {
    const { error } = corsRule.validate(rule, { convert: false, abortEarly: false });
    return (error?.details ?? []).map(corsLine);
  });
  return `cors-rules list has invalid items: ${[...new Set(lines)].join(', ')}`;
}

function range(name: string, max: number, defaultValue: Json, summary: string): UserMetadataDefinition {
  const line = `${name} must be an integer between 0 and ${max} (inclusive)`;
  return { name, schema: Joi.number().integer().min(0).max(max), line: () => line, defaultValue, summary };
}

export const USER_METADATA: readonly UserMetadataDefinition[] = [
  {
    name: 'cors-rules',
    schema: Joi.array().items(corsRule),
    line: explainCorsRules,
    defaultValue: undefined,
    summary:
      'Which origins may call the service from a browser: rules with `origin-regex` and, where wanted, `target-path-regex` (both match the whole text; in the syntax of RE2, which has no lookaround and no backreferences) and `methods` (upper-case).',
  },
  {
    name: 'editor',
    schema: FILLED,
    line: () => 'editor must be a non-empty string',
    defaultValue: undefined,
    summary: 'A second user who may edit the token.',
  },
  range('fallback-period-secs', 86400, 300, 'How long the previous version may serve after an update.'),
  {
    name: 'https-redirect',
    schema: Joi.boolean(),
    line: () => 'https-redirect must be a boolean value',
    defaultValue: false,
    summary: 'Send clients that come by plain HTTP to HTTPS.',
  },
  {
    name: 'maintenance',
    schema: Joi.object({ message: Joi.string().min(1).max(512).required() }),
    line: (value) =>
      isMap(value)
        ? 'maintenance message must be a non-empty string with length at most 512'
        : 'maintenance must be a map',
    defaultValue: undefined,
    summary: 'Answer every request with 503 and this text: `{"message": "..."}`, 1 to 512 characters.',
  },
  {
    ...range(
      'max-request-body-bytes',
      Number.MAX_SAFE_INTEGER,
      0,
      'Longest request body in bytes; a longer one is answered 413. 0, or left out: as long as the router accepts, which is the most in any case.',
    ),
    defaultValue: undefined,
  },
  {
    name: 'owner',
    schema: FILLED,
    line: () => 'owner must be a non-empty string',
    defaultValue: undefined,
    summary: 'Who may change and delete the token.',
  },
  range('queue-timeout-ms', 3600000, 300000, 'How long a request waits for an instance.'),
  {
    name: 'service-mapping',
    schema: Joi.string().valid('default', 'exclusive', 'legacy'),
    line: () => 'service-mapping must be one of default, exclusive or legacy',
    defaultValue: 'legacy',
    summary: 'Whether tokens with equal parameters share a service.',
  },
  range('socket-timeout-ms', 3600000, 900000, 'How long the exchange with an instance may be silent.'),
  range('stale-timeout-mins', 240, 15, 'How long a service lives on after its token moved away.'),
  range('streaming-timeout-ms', 3600000, 20000, 'How long a body may stall once it streams.'),
];

/** Lines for the values that are not accepted, by key. */
export function explainUserMetadata(data: Readonly<Record<string, Json>>): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  for (const { name, schema, line } of USER_METADATA) {
    const value = Object.hasOwn(data, name) ? data[name] : undefined;
    if (value === undefined) continue;
    if (schema.validate(value, { convert: false }).error !== undefined) lines.set(name, line(value));
  }
  return lines;
}
