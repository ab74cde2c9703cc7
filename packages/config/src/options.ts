import Joi from 'joi';
import { DEFAULT_PASSWORD } from './defaults';
import { descriptionOptions } from './descriptions';
import { choice, duration, flag, integer, list, number, object, optionalText, text } from './option';
import { hostnamesOption } from './hostnames';
import { authenticatedHealthChecks, http2HealthChecks, schedulersOptions } from './schedulers';
import { backendTlsOptions, tlsOptions } from './tls';
import { redisUrl, webUrl } from './urls';
import {
  CORS_KINDS,
  DEFAULT_CORS,
  DEFAULT_SUPPORT_INFO,
  formatDuration,
  SUPPORT_OCCASIONS,
} from '@waiter/core';
import type { DescriptionSettings, SupportInfo } from '@waiter/core';
import { pattern } from './pattern';
import type { Compiled, Written } from './tree';

const port = (fallback: number, description: string, alias?: string) =>
  integer(0, 65_535, { default: fallback, description, ...(alias === undefined ? {} : { alias }) });

/**
 * Every option, once: its place in a file, its default and what it means. Names in the environment and of flags, types
 * and docs/reference/configuration.md are derived from this table.
 */
export const options = {
  cluster: {
    name: text(
      {
        default: 'waiter',
        description: 'Name of the cluster: part of every key in Redis, `root` and `cluster` of tokens.',
      },
      Joi.string().pattern(
        /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
        'a name of letters, digits, dots, dashes and underscores',
      ),
    ),
    servicePrefix: text(
      {
        default: 'waiter-service-',
        description:
          'Service ids begin with it; an app of the scheduler belongs to this cluster if its id does.',
      },
      Joi.string().pattern(
        /^[a-z0-9][a-z0-9-]*-$/,
        'lower-case letters, digits and dashes, ending in a dash',
      ),
    ),
    byHost: object<Readonly<Record<string, string>>, Readonly<Record<string, string>>>(
      Joi.object().pattern(Joi.string().hostname(), Joi.string()),
      {
        default: {},
        description:
          'Which `cluster` a token gets that is written at this host name: `{"east.example.com": "east"}`; else the name above.',
      },
      (written) => written,
      (compiled) => compiled,
    ),
  },
  redis: {
    url: text(
      {
        default: 'redis://127.0.0.1:6379',
        alias: 'redis',
        description:
          'Redis that holds all shared state. It must run with `noeviction` and, in production, AOF.',
      },
      redisUrl,
    ),
  },
  marathon: {
    urls: list(
      webUrl,
      {
        default: ['http://127.0.0.1:8080'],
        alias: 'marathon',
        description: 'Marathon, or its replicas in the order in which they are tried.',
      },
      1,
    ),
    initCommands: list(Joi.string(), {
      default: [],
      description:
        'Put before the command of a service in `args` of its app (the original: `waiter-mesos-init`). ' +
        'Without any, the command is the `cmd` of the app.',
    }),
    homePathPrefix: text({
      default: '/home/',
      description: '`HOME` of an instance is this followed by its run-as-user.',
    }),
    username: optionalText({ description: 'For HTTP basic authentication.' }),
    password: optionalText({ description: 'For HTTP basic authentication.', secret: true }),
    token: optionalText({ description: 'For authentication by a token, instead.', secret: true }),
    tokenScheme: choice(['bearer', 'token'], {
      default: 'bearer',
      description:
        'How the token is sent: `Authorization: Bearer <token>`, or `token=<token>` as DC/OS wants it.',
    }),
    caFile: optionalText({
      description:
        'File with the certificates (PEM) of the authorities that sign those of Marathon over https.',
    }),
    image: choice(['ignore', 'refuse', 'mesos', 'docker'], {
      default: 'ignore',
      description:
        'What the parameter `image` of a service means: nothing, a refusal, or the container that its command runs in, by the ' +
        'Mesos or the Docker containerizer.',
    }),
    fetch: list(Joi.string().uri(), {
      default: [],
      description: 'What every instance finds in its sandbox; archives are unpacked, the rest is executable.',
    }),
    authenticatedHealthChecks,
    http2HealthChecks,
    requestTimeout: duration({ default: '10s', description: 'Time for one call to answer.' }),
    agentPort: port(5051, 'Port of the Mesos agents, whose files API shows what instances wrote.'),
    agentDirectory: optionalText({
      description:
        'Directory below which Mesos agents keep the sandboxes, such as `/var/lib/mesos/slaves`. With it the log ' +
        'directory of an instance is known. mini-marathon tells its own.',
    }),
    reconcile: duration({
      default: '5s',
      description: 'How often the whole list of apps is read, beside the event stream.',
    }),
  },
  schedulers: schedulersOptions,
  router: {
    id: text(
      {
        default: ({ hostname, unique }) =>
          `${hostname.split('.')[0]?.replace(/[^A-Za-z0-9-]/g, '-')}-${unique}`,
        defaultText: 'machine name and six random characters',
        description:
          'Name of this router node; must differ between nodes and should differ between its lives.',
      },
      Joi.string().pattern(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'letters, digits and dashes'),
    ),
    host: text({ default: '0.0.0.0', description: 'Address to listen on.' }),
    port: port(9091, 'Port to listen on; 0 takes a free one.', 'port'),
    url: optionalText(
      {
        defaultText: '`http://127.0.0.1:<port>`',
        description:
          'How other nodes and clients that poll every router reach this node: what `/state/maintainer` tells.',
      },
      webUrl,
    ),
    hostnames: hostnamesOption,
    workers: integer(1, 128, { default: 2, description: 'Processes that proxy; one per core is enough.' }),
    queueTimeout: duration({
      default: '300s',
      description: 'How long a request waits for an instance, unless its token or header says otherwise.',
    }),
    socketTimeout: duration({
      default: '900s',
      description:
        'How long an instance may take to begin its response, unless token or header say otherwise.',
    }),
    streamingTimeout: duration({
      default: '20s',
      description:
        'How long a client may take to read a piece of a response, unless token or header say otherwise.',
    }),
    connectTimeout: duration({ default: '5s', description: 'Time to connect to an instance.' }),
    drainTimeout: duration({
      default: '30s',
      description:
        'After SIGTERM: time for requests in flight to end before their connections are cut. In the second half of the ' +
        'same time the WebSockets of an instance that is to stop are sent away.',
    }),
    idleLease: duration({
      default: '2s',
      description: 'A slot that a worker has not used for so long goes back.',
    }),
    retryOnConnectFailure: flag({
      default: true,
      description:
        'Whether a request of which nothing was sent may take another instance when the first refuses.',
    }),
    errorThrottle: {
      maxDelay: duration({
        default: '2s',
        description:
          'Refusals for a full queue or a deployment error are delayed by so much at most when there are many.',
      }),
      stepDelay: duration({ default: '50ms', description: 'Delay for each step of their rate.' }),
      stepSize: integer(1, 1_000_000, {
        default: 100,
        description: 'Refusals of one service in a second, on average of a minute, that make a step.',
      }),
    },
    http1Lane: flag({
      default: true,
      description:
        'Whether plain HTTP/1.1 requests take the fast lane on sockets. Off, all take the general lane, which behaves the same.',
    }),
    async: {
      checkInterval: duration({
        default: '3s',
        description:
          'How often an instance is asked how far it is with an async request, unless a header says otherwise.',
      }),
      timeout: duration({
        default: '60s',
        description: 'So long at most an async request holds its slot, unless a header says otherwise.',
      }),
      maxTimeout: duration({ default: '4h', description: 'What such a header may say at most.' }),
      maxStatusChecks: integer(1, 1_000_000, {
        default: 50,
        description:
          'So often at most an instance is asked about one async request: long ones are asked about less often.',
      }),
    },
    webSocket: {
      idleTimeout: duration({
        default: '500s',
        description: 'A WebSocket on which both sides are silent for so long is closed with 1011.',
      }),
      maxAge: duration({
        default: '24h',
        description:
          'A WebSocket is closed when it is this old, so that its client has to prove itself anew.',
      }),
      maxMessageBytes: integer(1, Number.MAX_SAFE_INTEGER, {
        default: 41_943_040,
        description: 'Longest WebSocket message in either direction, in bytes as they are sent.',
      }),
    },
    http1ReadBuffers: flag({
      default: true,
      description:
        'Whether the fast lane reads into buffers that are used again. Off, it reads in the way that every version of Node knows, which costs more.',
    }),
    requestHeaderSize: integer(1024, 1_048_576, {
      default: 32_768,
      description: 'Longest accepted request head in bytes.',
    }),
    requestHeaderCount: integer(1, 10_000, {
      default: 250,
      description: 'Most header fields of a request (HTTP/1); with more it is answered 431.',
    }),
    maxRequestBody: integer(0, Number.MAX_SAFE_INTEGER, {
      default: 0,
      description: 'Longest request body in bytes; with more it is answered 413. 0: any.',
    }),
    maxRequestRate: integer(0, 1_000_000, {
      default: 0,
      description:
        'Requests that one client connection (HTTP/1) may make in a second; the next is answered 429. 0: any number.',
    }),
    maxConnections: integer(1, 1_000_000, {
      default: 20_000,
      description: 'Open client connections of one worker; more are answered 503 and closed.',
    }),
    tls: tlsOptions,
    backendTls: backendTlsOptions,
    clientIdleTimeout: duration({
      default: '200s',
      description: 'A client connection without a request for so long is closed.',
    }),
    requestHeadTimeout: duration({
      default: '60s',
      description: 'A client has so long to send a whole request head.',
    }),
    instanceIdleTimeout: duration({
      default: '4s',
      description: 'An idle connection to an instance is kept so long, or less where the instance says so.',
    }),
    requestLog: optionalText({
      description:
        'File that gets one JSON line per proxied request, about 2 us each. Without it there is none.',
    }),
    cors: {
      kind: choice(CORS_KINDS, {
        default: DEFAULT_CORS.kind,
        description:
          'Which web pages of other origins may call. `token-parameter`: those that the `cors-rules` of the token ' +
          'name, and `allowedOrigins`; `patterns`: only `allowedOrigins`; `allow-all`; `deny-all`. But for ' +
          '`deny-all`, pages of the same origin always may. Requests to the API go by `allowedOrigins` alone.',
      }),
      allowedOrigins: list(pattern, {
        default: DEFAULT_CORS.allowedOrigins,
        description: 'Regular expressions (RE2) for whole origins, such as `https://.*\\.example\\.com`.',
      }),
      exposedHeaders: list(Joi.string(), {
        default: DEFAULT_CORS.exposedHeaders,
        description: 'Response headers of the API that pages of other origins may read.',
      }),
      maxAge: duration({
        default: formatDuration(DEFAULT_CORS.maxAgeMs),
        description: 'How long browsers may remember the answer to a preflight.',
      }),
      webSockets: flag({
        default: DEFAULT_CORS.webSockets,
        description:
          'Whether the same holds for WebSockets, to which browsers let every page connect. The original does not look at ' +
          'their origin.',
      }),
    },
    supportInfo: object<readonly SupportInfo[], readonly SupportInfo[]>(
      Joi.array().items(
        Joi.object({
          label: Joi.string().required(),
          link: Joi.object({
            type: Joi.string().valid('url', 'email').required(),
            value: Joi.string().required(),
          }).required(),
          when: Joi.string().valid(...SUPPORT_OCCASIONS),
        }),
      ),
      {
        default: DEFAULT_SUPPORT_INFO,
        description:
          'Whom users can turn to, as errors and the welcome page say it: `[{"label": "...", "link": {"type": "url", "value": ' +
          '"https://..."}}]`, or of type `email`. `{service-owner}`, `{waiter-token}`, `{service-id}`, `{cid}` and `{host}` in them are ' +
          'filled in. `when` names the cause of the errors it is meant for.',
      },
      (written) => written,
      (compiled) => compiled,
    ),
    imagesUrl: optionalText(
      {
        description:
          'Where the images of error pages are, such as `http-404-not-found.png` below it; without it they have none.',
      },
      webUrl,
    ),
    consentExpiry: duration({
      default: '90d',
      description: 'How long the consent of a user to run services as himself holds.',
    }),
    user: text({
      default: ({ username }) => username,
      defaultText: 'the OS user of the process',
      description: 'Whom every request acts as, under the one-user authenticator. Also the administrator.',
    }),
  },
  ejection: {
    base: duration({
      default: '10s',
      description:
        'An instance on which a request failed gets no requests for so long; twice as long each time it fails again.',
    }),
    max: duration({ default: '5m', description: 'The longest of these times.' }),
    expiryFailures: integer(1, 1000, {
      default: 5,
      description: 'An instance that failed so often in a row is replaced.',
    }),
  },
  scaler: {
    statusHost: text({
      default: '127.0.0.1',
      description: 'Address of `/status`, `/metrics` and `/metrics/prometheus` of the scaler.',
    }),
    statusPort: port(0, 'Port of the same; 0 takes a free one, which the log tells.'),
    tick: duration({ default: '1s', description: 'How often every service is evaluated, beside nudges.' }),
    lease: duration({ default: '3s', description: 'A leader that does not renew for so long is replaced.' }),
    renew: duration({ default: '500ms', description: 'How often a leader renews its lease.' }),
    drainTimeout: duration({
      default: '4h',
      description:
        'An instance that is to be killed may finish its requests for so long: as long as an async request may take. ' +
        'It takes no new ones meanwhile.',
    }),
    lingeringRequestThreshold: duration({
      default: '4h',
      description:
        'The same for an instance that has expired, if it is less. The original cuts requests of expired instances ' +
        'after 60 s.',
    }),
    interKill: duration({ default: '1s', description: 'Time between two rounds of kills of one service.' }),
    killsPerPass: choice(['one', 'surplus'], {
      default: 'one',
      description:
        'How many instances of a service are stopped at a time: one, as the original, or as many as the formula ' +
        'finds too many.',
    }),
    quanta: {
      cpus: number(0, {
        default: 64,
        description: 'One evaluation starts at most so many CPUs of one service.',
      }),
      mem: number(0, {
        default: 524_288,
        description: 'One evaluation starts at most so much memory (MiB) of one service.',
      }),
    },
    coldStart: choice(['minimum', 'ideal'], {
      default: 'minimum',
      description:
        'How many instances a service starts with: its `min-instances`, or what its waiting requests call for.',
    }),
    refusal: duration({
      default: '60s',
      description: 'A service that the scheduler refused is offered to it again after so long.',
    }),
    gcInterval: duration({
      default: '60s',
      description: 'How often idle, stale and broken services are looked for.',
    }),
    startNewInterval: duration({
      default: '5s',
      description:
        'How often the latest version of a token is started whose earlier service is still in use. ' +
        'So soon at most a stale service also gives up its min-instances.',
    }),
    brokenServiceTimeout: duration({
      default: '30m',
      description: 'A service that only fails is deleted so long after its grace period.',
    }),
    brokenServiceMinHosts: integer(1, 1000, {
      default: 1,
      description:
        'Hosts on which instances must have failed for a service to count as broken. ' +
        'The original: 2; a local scheduler has one host.',
    }),
    settle: duration({
      default: '10s',
      description:
        'A new leader collects nothing for so long: an empty Redis must not read as "nobody uses this".',
    }),
    probeMin: duration({
      default: '2ms',
      description: 'First pause between probes of an instance that starts while somebody waits.',
    }),
    probeMax: duration({ default: '200ms', description: 'Longest pause between such probes.' }),
    healthCheckTimeout: duration({
      default: '200ms',
      description: 'Time to connect, and again to answer, for a health check.',
    }),
    failedCheckThreshold: integer(1, 1000, {
      default: 5,
      description:
        'An instance that vanishes after so many failed checks in a row, never healthy, counts as failed.',
    }),
    maxExpiredUnhealthyInstances: integer(0, 1000, {
      default: 2,
      description: 'So many expired, unhealthy instances are replaced beside the healthy ones.',
    }),
    deploymentError: {
      minFailedInstances: integer(1, 1000, {
        default: 2,
        description: 'Failed instances that make a deployment error.',
      }),
      minHosts: integer(1, 1000, {
        default: 1,
        description:
          'Hosts they must have failed on. The original: 2 (1 on Kubernetes); a local scheduler has one host.',
      }),
    },
  },
  statsd: {
    host: optionalText({ description: 'Where statsd listens (UDP). Without it nothing is sent.' }),
    port: port(8125, 'The port that it listens on.'),
    environment: text({ default: 'production', description: 'Part of every metric path.' }),
    server: text({
      default: ({ hostname }) => hostname.split('.')[0] ?? hostname,
      defaultText: 'machine name',
      description: 'Part of the path of what each process counts for itself.',
    }),
    publishInterval: duration({ default: '10s', description: 'How often sums are sent.' }),
    syncInstancesInterval: duration({
      default: '10s',
      description: 'How often the leader counts instances by metric group.',
    }),
    refreshInterval: duration({
      default: '10m',
      description: 'How often the name of the host is looked up.',
    }),
    histogramMaxSize: integer(1, 1_000_000, {
      default: 10_000,
      description: 'Values of a histogram that are kept between two sendings; the oldest go first.',
    }),
  },
  miniMarathon: {
    host: text({
      default: '127.0.0.1',
      description: 'Address to listen on. It starts any command it is sent: keep it private.',
    }),
    port: port(8080, 'Port to listen on; 0 takes a free one.'),
    credentials: optionalText(
      {
        secret: true,
        description:
          '`user:password` that its API asks for. Logs of tasks stay open, as those of a Mesos agent do. Scalers and routers need ' +
          '`marathon.username` and `marathon.password` then.',
      },
      Joi.string().pattern(/^[^:]+:.+$/, 'a name, a colon and a password'),
    ),
    dataDir: text({
      default: '.waiter/mini-marathon',
      description: 'Where sandboxes of tasks and all its state are kept.',
    }),
    firstTaskPort: integer(1, 65_535, { default: 31_000, description: 'First of the ports that tasks get.' }),
    lastTaskPort: integer(1, 65_535, { default: 32_000, description: 'Last of the ports that tasks get.' }),
    keepSandboxes: integer(0, 100_000, {
      default: 200,
      description: 'How many sandboxes of ended tasks are kept.',
    }),
    keepTasks: flag({
      default: false,
      description:
        'Whether tasks go on when it is told to stop, for the next one to take over. Killed, it always leaves them.',
    }),
    standby: flag({
      default: false,
      description:
        'Whether a server whose data directory another one uses waits for it, and passes requests on to that one meanwhile.',
    }),
    enforceMemory: flag({
      default: true,
      description: 'Whether tasks that take more memory than their app has (`mem`, in MB) are ended.',
    }),
    taskHost: text({
      default: '127.0.0.1',
      alias: 'task-host',
      description: 'The host that is reported for tasks: what routers connect to.',
    }),
  },
  descriptions: descriptionOptions,
  passwords: list(
    Joi.string().min(1),
    {
      default: [DEFAULT_PASSWORD],
      secret: true,
      description: 'The first one signs and makes service passwords; all are tried when reading. Change it.',
    },
    1,
  ),
  log: {
    level: choice(['debug', 'info', 'warn', 'error'], {
      default: 'info',
      description: 'Least level that is written.',
    }),
    format: choice(['json', 'text'], {
      default: 'json',
      description: '`json` for machines, `text` for people.',
    }),
  },
  dataDir: text({
    default: '.waiter',
    description: 'Where `waiter up` keeps its Redis data, sandboxes and process list.',
  }),
} as const;

/** What people write in a file. */
export type Options = Written<typeof options>;
/** What code reads: every option present, durations in milliseconds under a name ending in `Ms`. */
export type CompiledConfig = Omit<Compiled<typeof options>, 'descriptions'> & {
  /** With the names of the cluster and of the routers filled in. */
  readonly descriptions: DescriptionSettings;
};
