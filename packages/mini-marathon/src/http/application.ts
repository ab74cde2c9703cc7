import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import { ApiError, uriNotFound } from '../api-error';
import type { Cluster } from '../cluster';
import { Operations } from '../operations/operations';
import { allowedMethods } from './allowed-methods';
import { basicAuthentication } from './basic-authentication';
import { agentRoutes } from './agent-routes';
import { appsRoutes } from './apps-routes';
import { deploymentsRoutes, queueRoutes } from './deployments-routes';
import { eventsRoute } from './events-route';
import { filesRoutes } from './files-routes';
import { groupsRoutes } from './groups-routes';
import { infoRoutes } from './info-routes';
import { podsRoutes } from './pods-routes';
import { subscriptionsRoutes } from './subscriptions-routes';
import { appTasksRoutes, tasksRoutes } from './tasks-routes';

const MAX_BODY = '8mb';

/**
 * Every route, with the headers (4B.1) and errors (4B.2) of Marathon.
 * @param leader this server's `host:port`
 * @param abdicate is called once somebody was told that this server leads no longer
 * @param credentials `user:password` that the API asks for
 */
export function createApplication(
  cluster: Cluster,
  leader: () => string,
  abdicate: () => void,
  credentials: string | undefined,
): Express {
  const operations = new Operations(cluster);
  const application = express();
  application.disable('x-powered-by').disable('etag');
  application.use(commonHeaders(leader), writeFirst(cluster));
  application.use(['/v2', '/metrics', '/logging'], basicAuthentication(credentials));
  application.use(allowedMethods());
  // Bodies are read as text whatever their content type: a person with curl forgets the header.
  application.use(express.text({ type: () => true, limit: MAX_BODY }));
  application.use('/v2/apps', appTasksRoutes(cluster, operations), appsRoutes(cluster, operations));
  application.use('/v2/tasks', tasksRoutes(cluster, operations));
  application.use('/v2/deployments', deploymentsRoutes(cluster, operations));
  application.use('/v2/queue', queueRoutes(cluster));
  application.use('/v2/groups', groupsRoutes(cluster));
  application.use('/v2/pods', podsRoutes());
  application.use('/v2/eventSubscriptions', subscriptionsRoutes(cluster));
  application.get('/v2/events', eventsRoute(cluster));
  application.use(infoRoutes(cluster, leader, abdicate));
  application.use(filesRoutes(cluster));
  application.use(agentRoutes(cluster));
  application.use(() => {
    throw uriNotFound();
  });
  application.use(errorHandler(cluster));
  return application;
}

function commonHeaders(leader: () => string): RequestHandler {
  return (_request, response, next) => {
    response.set({
      'X-Marathon-Leader': `http://${leader()}`,
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
      Expires: '0',
      'X-Frame-Options': 'DENY',
      'X-XSS-Protection': '1; mode=block',
    });
    next();
  };
}

/** Nobody is told what a crash could still undo. */
function writeFirst(cluster: Cluster): RequestHandler {
  return (_request, response, next) => {
    response.json = (body) => {
      cluster.flush();
      // Express would add a charset, which JSON has not and Marathon does not say.
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(body));
      return response;
    };
    next();
  };
}

/** The one place where an error becomes a response. */
function errorHandler(cluster: Cluster): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof ApiError) {
      response.status(error.status).json(error.body);
      return;
    }
    const { status, message } = error as { status?: number; message?: string };
    // The body parser and the router say what the client did wrong (too large, undecodable path).
    const fault = typeof status !== 'number' || status >= 500;
    if (fault)
      cluster.logger.error('request failed', { method: request.method, path: request.path, error: message });
    response.status(fault ? 500 : status).json({ message: message ?? 'Internal Server Error' });
  };
}
