import { Router } from 'express';
import { notQueued, unknownDeployment } from '../api-error';
import { absoluteId } from '../apps/path-id';
import type { Cluster } from '../cluster';
import type { Operations } from '../operations/operations';
import { deploymentView } from '../views/deployment-view';
import { queueView } from '../views/queue-view';
import { captured, flag, values } from './request';
import { sendDeployment, sendNothing } from './response';

/** `/v2/deployments` (4B.5). */
export function deploymentsRoutes(cluster: Cluster, operations: Operations): Router {
  const router = Router();

  router.get('/', (_request, response) => {
    response.json(cluster.deployments.list().map((one) => deploymentView(one, cluster.table)));
  });

  router.delete('/:id', (request, response) => {
    const { id } = request.params;
    if (cluster.deployments.get(id) === undefined) throw unknownDeployment(id);
    if (!flag(request, 'force')) return sendDeployment(response, operations.revert(id));
    cluster.deployments.cancel(id);
    sendNothing(response, cluster, 202);
  });
  return router;
}

/** `/v2/queue` (4B.6). */
export function queueRoutes(cluster: Cluster): Router {
  const router = Router();

  router.get('/', (request, response) => {
    response.json(queueView(cluster, values(request, 'embed').includes('lastUnusedOffers')));
  });

  router.delete(/^\/(.+)\/delay\/?$/, (request, response) => {
    const id = absoluteId(captured(request, 0));
    if (!cluster.queue.resetDelay(id)) throw notQueued(id);
    sendNothing(response, cluster, 204);
  });
  return router;
}
