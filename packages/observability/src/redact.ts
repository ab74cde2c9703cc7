/** Names whose values never reach a log. `token` is no secret here: it is a name that people give to a service. */
const SECRET_NAME =
  /pass(word|wd|phrase)|passwd|authorization|cookie|secret|credential|api[-_]?key|private[-_]?key|access[-_]?token/i;
/** The password part of a URL such as `redis://user:password@host`. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi;
const MASK = '<hidden>';
const MAX_DEPTH = 6;

/** Masks passwords inside URLs of a text. */
export function redactText(text: string): string {
  return text.includes('://') ? text.replace(URL_PASSWORD, `$1:${MASK}@`) : text;
}

/**
 * A copy of `value` that is safe to log and to serialise: values of secret names are masked, passwords inside
 * URLs too; errors, maps, sets, big integers and cycles become plain JSON values. Stops at depth 6.
 */
export function redact(value: unknown, depth = 0, seen: ReadonlySet<object> = new Set()): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return String(value);
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null || value instanceof Date) return value;
  if (seen.has(value)) return '<cycle>';
  if (depth >= MAX_DEPTH) return '<deep>';
  const inner = new Set(seen).add(value);
  const visit = (child: unknown): unknown => redact(child, depth + 1, inner);
  if (value instanceof Error) return { ...fieldsOfError(value, visit), ...visitEntries({ ...value }, visit) };
  if (value instanceof Map) return visitEntries(Object.fromEntries(value), visit);
  if (value instanceof Set || Array.isArray(value)) return [...value].map(visit);
  if (Buffer.isBuffer(value)) return `<${value.length} bytes>`;
  return visitEntries({ ...value }, visit);
}

function visitEntries(
  entries: Record<string, unknown>,
  visit: (child: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, child]) => [
      name,
      SECRET_NAME.test(name) && child !== null && child !== undefined ? MASK : visit(child),
    ]),
  );
}

function fieldsOfError(error: Error, visit: (child: unknown) => unknown): Record<string, unknown> {
  return {
    name: error.name,
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: visit(error.cause) }),
  };
}
