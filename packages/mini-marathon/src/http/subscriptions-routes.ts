import type { Request } from 'express';
import { Router } from 'express';
import { invalidObject } from '../api-error';
import type { Cluster } from '../cluster';
import { values } from './request';

/**
 * `/v2/eventSubscriptions`: callbacks in place of the event stream. Marathon had them up to 1.4, and clients that are as old
 * know nothing else.
 */
export function subscriptionsRoutes({ subscriptions, events }: Cluster): Router {
  const router = Router();

  router.get('/', (_request, response) => {
    response.json({ callbackUrls: subscriptions.list() });
  });

  router.post('/', (request, response) => {
    const callbackUrl = callbackOf(request);
    const subscribed = { clientIp: request.socket.remoteAddress ?? '', callbackUrl };
    subscriptions.add(callbackUrl);
    events.publish('subscribe_event', subscribed);
    response.json({ ...subscribed, eventType: 'subscribe_event' });
  });

  router.delete('/', (request, response) => {
    const callbackUrl = callbackOf(request);
    const unsubscribed = { clientIp: request.socket.remoteAddress ?? '', callbackUrl };
    events.publish('unsubscribe_event', unsubscribed);
    subscriptions.remove(callbackUrl);
    response.json({ ...unsubscribed, eventType: 'unsubscribe_event' });
  });
  return router;
}

/** @throws ApiError 422 */
function callbackOf(request: Request): string {
  const [given = ''] = values(request, 'callbackUrl');
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  throw invalidObject([{ path: '/callbackUrl', errors: [`${given} is not a valid URL`] }]);
}
