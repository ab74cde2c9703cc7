import Joi from 'joi';
import { flag, object, optionalText } from './option';
import { webUrl } from './urls';

/** One Marathon of several; what it leaves out is as in the section `marathon`. */
export interface WrittenScheduler {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tokenScheme?: 'bearer' | 'token';
  readonly caFile?: string;
  readonly initCommands?: readonly string[];
  readonly agentPort?: number;
  readonly agentDirectory?: string;
  readonly image?: 'ignore' | 'refuse' | 'mesos' | 'docker';
  readonly fetch?: readonly string[];
  /** Services found there that belong elsewhere are left alone. */
  readonly ignoreMisplaced?: boolean;
}

export type WrittenSchedulers = Readonly<Record<string, WrittenScheduler>>;

const scheduler = Joi.object({
  urls: Joi.array().items(webUrl).min(1).required(),
  username: Joi.string(),
  password: Joi.string(),
  token: Joi.string(),
  tokenScheme: Joi.string().valid('bearer', 'token'),
  caFile: Joi.string(),
  initCommands: Joi.array().items(Joi.string()),
  agentPort: Joi.number().integer().min(1).max(65_535),
  agentDirectory: Joi.string(),
  image: Joi.string().valid('ignore', 'refuse', 'mesos', 'docker'),
  fetch: Joi.array().items(Joi.string().uri()),
  ignoreMisplaced: Joi.boolean(),
})
  .and('username', 'password')
  .nand('username', 'token');

/** Several Marathons as one scheduler (spec: scaling-and-schedulers 6.5). */
export const schedulersOptions = {
  components: object<WrittenSchedulers, WrittenSchedulers>(
    Joi.object().pattern(
      Joi.string().pattern(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes'),
      scheduler,
    ),
    {
      default: {},
      secret: true,
      description:
        'Marathons by name: `{"east": {"urls": ["http://m1:8080"]}, "west": {...}}`. With any, the section `marathon` only says ' +
        'what they leave out, and the parameter `scheduler` of a service picks the one that runs it. Each may have `urls`, `username` and ' +
        '`password` or `token` (`tokenScheme`), `caFile`, `initCommands`, `agentPort`, `agentDirectory`, `image`, `fetch`, and ' +
        '`ignoreMisplaced`: services found there that belong elsewhere are left alone instead of being deleted.',
    },
    (written) => written,
    (compiled) => compiled,
  ),
  default: optionalText({
    description: 'Of several: the one that runs services which pick none.',
  }),
  forImages: optionalText({
    description:
      'Of several: the one that runs services with an `image` which pick none. By default images pick nothing.',
  }),
};

export const http2HealthChecks = flag({
  default: true,
  description:
    "Marathon's health checks speak HTTP/1.1. With this, services whose health check is by h2 or h2c are checked by Waiter alone; " +
    'without, they must answer HTTP/1.1 too, or Marathon ends them.',
});

export const authenticatedHealthChecks = flag({
  default: true,
  description:
    'Marathon cannot send credentials with health checks. With this, services with health-check-authentication are checked by ' +
    'Waiter alone; without, they are refused.',
});
