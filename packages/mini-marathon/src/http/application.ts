import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import { ApiError, methodNotAllowed, uriNotFound } from '../api-error';
import type { Cluster } from '../cluster';
import { Operations } from '../operations/operations';
import { basicAuthentication } from './basic-authentication';
import { agentRoutes } from './agent-routes';
import { appsRoutes } from './apps-routes';
import { deploymentsRoutes, queueRoutes } from './deployments-routes';
import { eventsRoute } from './events-route';
import { filesRoutes } from './files-routes';
import { groupsRoutes } from './groups-routes';
import { infoRoutes } from './info-routes';
import { appTasksRoutes, tasksRoutes } from './tasks-routes';

const MAX_BODY = '8mb';
const KNOWN = /^\/(ping|metrics|v2\/(apps|tasks|deployments|queue|groups|events|info|leader))(\/|$)/;

/**
 * Every route, with the headers (4B.1) and errors (4B.2) of Marathon.
 * @param leader this server's `host:port`
 * @param credentials `user:password` that the API asks for
 */
export function createApplication(cluster: Cluster, leader: () => string, credentials?: string): Express {
  const operations = new Operations(cluster);
  const application = express();
  application.disable('x-powered-by').disable('etag');
  application.use(commonHeaders(leader), writeFirst(cluster));
  application.use(['/v2', '/metrics'], basicAuthentication(credentials));
  // Bodies are read as text whatever their content type: a person with curl forgets the header.
  application.use(express.text({ type: () => true, limit: MAX_BODY }));
  application.use('/v2/apps', appTasksRoutes(cluster, operations), appsRoutes(cluster, operations));
  application.use('/v2/tasks', tasksRoutes(cluster, operations));
  application.use('/v2/deployments', deploymentsRoutes(cluster, operations));
  application.use('/v2/queue', queueRoutes(cluster));
  application.use('/v2/groups', groupsRoutes(cluster));
  application.get('/v2/events', eventsRoute(cluster));
  application.use(infoRoutes(cluster, leader));
  application.use(filesRoutes(cluster));
  application.use(agentRoutes(cluster));
  application.use((request) => {
    throw KNOWN.test(request.path) && request.method !== 'GET' ? methodNotAllowed() : uriNotFound();
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
    const json = response.json.bind(response);
    response.json = (body) => {
      cluster.flush();
      return json(body);
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
