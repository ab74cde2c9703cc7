import winston from 'winston';
import { redact, redactText } from './redact';
import { formatText } from './text-format';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'json' | 'text';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What every package logs with. `fields` are facts with names (service, instance, router, cid, ...); an error goes
 * in as `{ error }`. Secrets are masked by name (see `redact`), so a caller need not.
 * Never log per request on a worker: one line costs about 10 us there.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each line; a later field of the same name wins. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Which part of the system speaks: `router`, `scaler`, ... */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** `json`: one object a line, for machines. `text`: for people. Default `json`. */
  readonly format?: LogFormat;
  readonly fields?: LogFields;
  /** Default standard output. Writers to a closed pipe are forgiven: see `forgiveClosedPipe`. */
  readonly stream?: NodeJS.WritableStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info', format = 'json', fields = {}, stream = process.stdout } = options;
  forgiveClosedPipe(stream);
  const colour = format === 'text' && 'isTTY' in stream && stream.isTTY === true && !process.env['NO_COLOR'];
  const sink = winston.createLogger({
    level,
    format: winston.format.printf(({ level, message, fields, timestamp }) => {
      const record = {
        timestamp: String(timestamp),
        level,
        name,
        message: redactText(String(message)),
        fields: redact(fields) as Record<string, unknown>,
      };
      if (format === 'text') return formatText(record, colour);
      const { fields: named, ...head } = record;
      return JSON.stringify({ ...named, ...head });
    }),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  return over(sink, fields);
}

/** Says nothing: for tests and for libraries that were given no logger. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

function over(sink: winston.Logger, common: LogFields): Logger {
  const write =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (!sink.isLevelEnabled(level)) return;
      sink.log({ level, message, fields: { ...common, ...fields }, timestamp: new Date().toISOString() });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => over(sink, { ...common, ...fields }),
  };
}

const forgiven = new WeakSet<NodeJS.WritableStream>();

/**
 * A process whose reader died (a role of `waiter up` after a SIGKILL of it) must still be able to drain: without a
 * listener the first log line would end it by an unhandled EPIPE.
 */
function forgiveClosedPipe(stream: NodeJS.WritableStream): void {
  if (forgiven.has(stream)) return;
  forgiven.add(stream);
  stream.on('error', () => undefined);
}
