import Joi from 'joi';
import { DEFAULT_PASSWORD } from '../defaults';
import { choice, duration, integer, list, text } from '../option';
import { schedulersOptions } from '../schedulers';
import { redisUrl } from '../urls';
import { descriptionOptions } from '../descriptions';
import type { Compiled, Written } from '../tree';
import type { DescriptionSettings } from '@waiter/core';
import { clusterOptions } from './cluster';
import { marathonOptions } from './marathon';
import { miniMarathonOptions } from './mini-marathon';
import { routerOptions } from './router';
import { scalerOptions } from './scaler';
import { statsdOptions } from './statsd';

/**
 * Every option, once: its place in a file, its default and what it means. Names in the environment and of flags, types
 * and docs/reference/configuration.md are derived from this table.
 */
export const options = {
  cluster: clusterOptions,
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
  marathon: marathonOptions,
  schedulers: schedulersOptions,
  router: routerOptions,
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
  scaler: scalerOptions,
  statsd: statsdOptions,
  miniMarathon: miniMarathonOptions,
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
