import { parseArgs } from 'node:util';

/** What a kitchen can be told (spec: cli-contract 6). */
export interface KitchenOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  /** Waits this long before it listens, as a slow program does. */
  readonly startUpSleepMs?: number;
  /** Lets `x-kitchen-default-status-value` change the status of all later answers, health checks included. */
  readonly enableStatusChange?: boolean;
  readonly enableHealthCheckAuthentication?: boolean;
  /** Where a line per request goes; default nowhere. `file` is `kitchen.log` in the working directory. */
  readonly logOutput?: LogOutput;
  /** HTTPS: by CERT_PATH, KEY_PATH and KEY_PASSWORD of the environment, or by a certificate made at start-up. */
  readonly tls?: 'environment' | 'self-signed';
  /** HTTP/2 too: by prior knowledge (h2c), with TLS by ALPN (h2). */
  readonly http2?: boolean;
  /** A gRPC server (the courier) beside; 0 takes a free port. It speaks h2c, with `tls` h2. */
  readonly grpcPort?: number;
  /** Largest websocket message in bytes, both ways; default 64 MiB. */
  readonly wsMaxBinaryMessageSize?: number;
  readonly wsMaxTextMessageSize?: number;
  /** Ends the connection after every response, as the original does. */
  readonly connectionClose?: boolean;
  /** How long an idle connection is kept; default 120 000. Low values provoke the race of a proxy's pooled sockets. */
  readonly keepAliveTimeoutMs?: number;
  /** WAITER_USERNAME and WAITER_PASSWORD switch basic auth on. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What `/die` and the like do. Default: break off every connection and stop listening. */
  readonly exit?: (code: number) => void;
}

const LOG_OUTPUTS = ['stdout', 'stderr', 'file'] as const;
export type LogOutput = (typeof LOG_OUTPUTS)[number];

export const USAGE = `kitchen - the test backend of Waiter
  -p, --port N                         port (default: PORT0 of the environment)
  --hostname H                         address to listen on (default: 127.0.0.1)
  --start-up-sleep-ms N                wait before listening
  --enable-status-change               allow x-kitchen-default-status-value
  --enable-health-check-authentication demand basic auth of /status too
  --log-output stdout|stderr|file      a line per request
  --ssl | --ssl-self-signed            HTTPS with CERT_PATH, KEY_PATH, KEY_PASSWORD, or with a certificate of its own
  --http2                              HTTP/2 too: h2c by prior knowledge, h2 with one of the two flags above
  --grpc-port N                        the gRPC service kitchen.Courier, on a port of its own
  --ws-max-binary-message-size N, --ws-max-text-message-size N
  --connection-close                   no keep-alive
  --keep-alive-timeout-ms N            how long an idle connection is kept
`;

const FLAGS = {
  port: { type: 'string', short: 'p' },
  hostname: { type: 'string' },
  'start-up-sleep-ms': { type: 'string' },
  'enable-status-change': { type: 'boolean' },
  'enable-health-check-authentication': { type: 'boolean' },
  'log-output': { type: 'string' },
  ssl: { type: 'boolean' },
  'ssl-self-signed': { type: 'boolean' },
  http2: { type: 'boolean' },
  'grpc-port': { type: 'string' },
  'ws-max-binary-message-size': { type: 'string' },
  'ws-max-text-message-size': { type: 'string' },
  'connection-close': { type: 'boolean' },
  'keep-alive-timeout-ms': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @returns 'help' if that is asked for
 * @throws Error with a message for the person at the command line
 */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): KitchenOptions | 'help' {
  const { values } = parseArgs({ args: [...argv], options: FLAGS });
  if (values.help) return 'help';
  const port = wholeNumber('--port', values.port ?? env['PORT0']);
  if (port === undefined || port > 65_535)
    throw new Error('give a port: --port N, or PORT0 in the environment');
  if (values.ssl && values['ssl-self-signed']) throw new Error('give one of --ssl and --ssl-self-signed');
  return given({
    port,
    hostname: values.hostname,
    startUpSleepMs: wholeNumber('--start-up-sleep-ms', values['start-up-sleep-ms']),
    enableStatusChange: values['enable-status-change'],
    enableHealthCheckAuthentication: values['enable-health-check-authentication'],
    logOutput: logOutput(values['log-output']),
    tls: values.ssl ? 'environment' : values['ssl-self-signed'] ? 'self-signed' : undefined,
    http2: values.http2,
    grpcPort: wholeNumber('--grpc-port', values['grpc-port']),
    wsMaxBinaryMessageSize: wholeNumber('--ws-max-binary-message-size', values['ws-max-binary-message-size']),
    wsMaxTextMessageSize: wholeNumber('--ws-max-text-message-size', values['ws-max-text-message-size']),
    connectionClose: values['connection-close'],
    keepAliveTimeoutMs: wholeNumber('--keep-alive-timeout-ms', values['keep-alive-timeout-ms']),
  });
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${flag} must be a whole number, not "${text}"`);
  return Number(text);
}

function logOutput(text: string | undefined): LogOutput | undefined {
  const known = LOG_OUTPUTS.find((output) => output === text);
  if (text !== undefined && known === undefined)
    throw new Error(`--log-output must be one of ${LOG_OUTPUTS.join(', ')}`);
  return known;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
