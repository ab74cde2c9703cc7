import Joi from 'joi';
import { duration, flag, integer, optionalText, text, port } from '../option';
import { hostnamesOption } from '../hostnames';
import { backendTlsOptions, tlsOptions } from '../tls';
import { webUrl } from '../urls';
import { exchangeOptions } from './router-exchanges';
import { limitOptions } from './router-limits';
import { pageOptions } from './router-pages';
import { timeoutOptions } from './router-timeouts';

/** Of a router node. */
export const routerOptions = {
  id: text(
    {
      default: ({ hostname, unique }) =>
        `${hostname.split('.')[0]?.replace(/[^A-Za-z0-9-]/g, '-')}-${unique}`,
      defaultText: 'machine name and six random characters',
      description: 'Name of this router node; must differ between nodes and should differ between its lives.',
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
  http1ReadBuffers: flag({
    default: true,
    description:
      'Whether the fast lane reads into buffers that are used again. Off, it reads in the way that every version of Node knows, which costs more.',
  }),
  tls: tlsOptions,
  backendTls: backendTlsOptions,
  requestLog: optionalText({
    description:
      'File that gets one JSON line per request, API included, about 2 us each. Without it there is none.',
  }),
  serverTiming: flag({
    default: false,
    description:
      'Whether responses carry `Server-Timing`: the wait for an instance, the time until it answered, and the whole, in ms. It tells clients how loaded a service is.',
  }),
  user: text({
    default: ({ username }) => username,
    defaultText: 'the OS user of the process',
    description: 'Whom every request acts as, under the one-user authenticator. Also the administrator.',
  }),
  ...timeoutOptions,
  ...limitOptions,
  ...exchangeOptions,
  ...pageOptions,
} as const;
