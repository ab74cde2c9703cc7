import { systemClock, type Clock } from '@waiter/core';
import { silentLogger, type Logger } from '@waiter/observability';

/** A token goes out as `Bearer <token>`, or in the form of DC/OS as `token=<token>`. */
export type MarathonAuth =
  | { readonly username: string; readonly password: string }
  | { readonly token: string; readonly scheme?: 'bearer' | 'token' };

/**
 * What `image` of a service means: nothing (4A.3, the default), a refusal, or the container that its command runs in, by the
 * Mesos or the Docker containerizer.
 */
export type ImagePolicy = 'ignore' | 'refuse' | 'mesos' | 'docker';

export interface DriftOptions {
  /** How often counts are compared. */
  readonly intervalMs: number;
  /** For so many intervals the same difference must last. */
  readonly cycles: number;
}

export interface MarathonOptions {
  /**
   * Where Marathon listens, with a path when it is behind one; several for several masters: any of them may be the leader.
   * A user and password in it are used like `auth`.
   */
  readonly url: string | readonly string[];
  /** Apps whose id starts with this are ours; all others are ignored. */
  readonly servicePrefix: string;
  /** Program that runs before the command, which becomes its last argument; default none: the command itself is run. */
  readonly initCommands?: readonly string[];
  /** `HOME` of an instance is this and its user; default: the environment of the service spec decides. */
  readonly homePathPrefix?: string;
  /** For connecting and for silence in the middle of an answer; default 10 000. */
  readonly requestTimeoutMs?: number;
  /** Certificates (PEM) of the authorities that Marathon's may be from; default: those of the system. */
  readonly ca?: string;
  /** Default `ignore`. */
  readonly image?: ImagePolicy;
  /** URIs that every instance finds in its sandbox: unpacked if they are archives, else executable. */
  readonly fetch?: readonly string[];
  /**
   * Marathon cannot send credentials with its health checks. `refuse` (the default, 4A.3) does not create services that want
   * them; with `waiter` their apps have no health check of Marathon's, and Waiter's own decide.
   */
  readonly authenticatedChecks?: 'refuse' | 'waiter';
  /**
   * Marathon's health checks speak HTTP/1.1, also with services whose health check is to be by HTTP/2 (`marathon`, the default,
   * 4A.2). With `waiter` the apps of those have none, and Waiter's own decide.
   */
  readonly http2Checks?: 'marathon' | 'waiter';
  /** Listeners are told to list again this often, whatever the event stream says; default 5000. */
  readonly reconcileMs?: number;
  /** Sent only to the hosts of `url`. */
  readonly auth?: MarathonAuth;
  readonly logger?: Logger;
  /** Interval and number of passes of drift repair (4A.8); default every 15 s, 4. */
  readonly drift?: DriftOptions;
  /** Kills of a service that fail for longer than this are forced from then on; default 60 000. */
  readonly forceKillAfterMs?: number;
  /** Work directory of the Mesos agents; with it, instances know their log directory. */
  readonly agentDirectory?: string;
  /** Asks for that directory when it is not given; only mini-marathon can tell it. Default false. */
  readonly discoverAgent?: boolean;
  /** The event stream is opened anew when nothing at all arrived for this long; default 60 000. */
  readonly eventSilenceMs?: number;
  readonly clock?: Clock;
}

export interface Master {
  readonly origin: string;
  /** Path in front of `/v2`, without a slash at its end. */
  readonly basePath: string;
  readonly authorization: string | null;
}

export interface CompiledMarathonOptions {
  readonly masters: readonly [Master, ...Master[]];
  readonly servicePrefix: string;
  readonly initCommands: readonly string[];
  readonly homePathPrefix: string | null;
  readonly requestTimeoutMs: number;
  readonly ca: string | null;
  readonly image: ImagePolicy;
  readonly fetch: readonly string[];
  readonly authenticatedChecks: 'refuse' | 'waiter';
  readonly http2Checks: 'marathon' | 'waiter';
  readonly reconcileMs: number;
  readonly logger: Logger;
  readonly drift: DriftOptions;
  readonly forceKillAfterMs: number;
  readonly agentDirectory: string | null;
  readonly discoverAgent: boolean;
  readonly eventSilenceMs: number;
  readonly clock: Clock;
}

/** @throws TypeError for a URL that is none, or is not http(s) */
export function compileOptions(options: MarathonOptions): CompiledMarathonOptions {
  const [first, ...rest] = [options.url].flat().map((url) => master(url, options.auth));
  if (first === undefined) throw new TypeError('Marathon needs at least one url');
  if (options.servicePrefix === '')
    throw new TypeError('servicePrefix must not be empty: it would claim every app');
  return {
    masters: [first, ...rest],
    servicePrefix: options.servicePrefix,
    initCommands: options.initCommands ?? [],
    homePathPrefix: options.homePathPrefix ?? null,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    ca: options.ca ?? null,
    image: options.image ?? 'ignore',
    fetch: options.fetch ?? [],
    authenticatedChecks: options.authenticatedChecks ?? 'refuse',
    http2Checks: options.http2Checks ?? 'marathon',
    reconcileMs: options.reconcileMs ?? 5000,
    logger: options.logger ?? silentLogger,
    drift: options.drift ?? { intervalMs: 15_000, cycles: 4 },
    forceKillAfterMs: options.forceKillAfterMs ?? 60_000,
    agentDirectory: options.agentDirectory ?? null,
    discoverAgent: options.discoverAgent ?? false,
    eventSilenceMs: options.eventSilenceMs ?? 60_000,
    clock: options.clock ?? systemClock,
  };
}

function master(text: string, auth: MarathonAuth | undefined): Master {
  if (!URL.canParse(text)) throw new TypeError('the url of Marathon is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`the url of Marathon must be http or https, not ${url.protocol.slice(0, -1)}`);
  }
  const inUrl =
    url.username === ''
      ? undefined
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    authorization: authorization(auth ?? inUrl),
  };
}

function authorization(auth: MarathonAuth | undefined): string | null {
  if (auth === undefined) return null;
  if ('token' in auth) return auth.scheme === 'token' ? `token=${auth.token}` : `Bearer ${auth.token}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
}
