import Joi from 'joi';

export const redisUrl = Joi.string().uri({ scheme: ['redis', 'rediss'] });
export const webUrl = Joi.string().uri({ scheme: ['http', 'https'] });

/** The same URL without the password in it, for people. */
export function maskUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]+@/i, '$1:<hidden>@');
}
