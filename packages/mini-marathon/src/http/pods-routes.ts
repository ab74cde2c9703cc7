import { Router } from 'express';
import { invalidObject, unknownPod } from '../api-error';
import { absoluteId } from '../apps/path-id';
import { captured } from './request';

const REFUSED = 'This server runs apps only: it has no pods. Each container can be an app of its own.';

/**
 * `/v2/pods`. There are none here: they are listed as such, and `HEAD`, by which clients find out whether a server knows pods,
 * says no.
 */
export function podsRoutes(): Router {
  const router = Router();
  router.head('/', (_request, response) => {
    response.status(404).end();
  });
  router.get(/^\/(::status)?$/, (_request, response) => {
    response.json([]);
  });
  router.post('/', () => {
    throw invalidObject([{ path: '/', errors: [REFUSED] }]);
  });
  router.put('/', () => {
    throw invalidObject([{ path: '/', errors: [REFUSED] }]);
  });
  router.all(/^\/(.+?)(::.*)?\/?$/, (request) => {
    throw unknownPod(absoluteId(captured(request, 0)));
  });
  return router;
}
