import Joi from 'joi';
import {
  CORS_KINDS,
  DEFAULT_CORS,
  DEFAULT_SUPPORT_INFO,
  formatDuration,
  SUPPORT_OCCASIONS,
} from '@waiter/core';
import type { SupportInfo } from '@waiter/core';
import { choice, duration, flag, list, object, optionalText } from '../option';
import { pattern } from '../pattern';
import { webUrl } from '../urls';

/** What web pages may do, and whom their users can turn to. */
export const pageOptions = {
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
} as const;
