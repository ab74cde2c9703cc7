import Joi from 'joi';
import { object, text } from '../option';

/** What a cluster is called. */
export const clusterOptions = {
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
    Joi.string().pattern(/^[a-z0-9][a-z0-9-]*-$/, 'lower-case letters, digits and dashes, ending in a dash'),
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
} as const;
