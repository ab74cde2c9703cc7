/** One log record, ready to be written. */
export interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly name: string;
  /** ISO-8601, UTC. */
  readonly timestamp: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const COLOURS: Readonly<Record<string, string>> = { debug: '90', info: '36', warn: '33', error: '31' };

/**
 * A line for people: `12:03:04.123 info  scaler  message  key=value`. An error's stack follows on its own lines,
 * because a stack squeezed into one line helps nobody.
 */
export function formatText(record: LogRecord, colour: boolean): string {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const stacks: string[] = [];
  const pairs = Object.entries(record.fields).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (isErrorLike(value)) {
      stacks.push(value.stack);
      return [`${key}=${quote(value.message)}`];
    }
    return [`${key}=${formatValue(value)}`];
  });
  const head = [
    paint('90', record.timestamp.slice(11, 23)),
    paint(COLOURS[record.level] ?? '0', record.level.padEnd(5)),
    paint('1', record.name.padEnd(8)),
    record.message,
  ].join(' ');
  const line = pairs.length === 0 ? head : `${head}  ${paint('90', pairs.join(' '))}`;
  return [line, ...stacks.map((stack) => paint('90', stack.replace(/^/gm, '    ')))].join('\n');
}

function isErrorLike(value: unknown): value is { message: string; stack: string } {
  if (typeof value !== 'object' || value === null) return false;
  return 'stack' in value && 'message' in value && typeof value.stack === 'string';
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function quote(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
