import type { ErrorRequestHandler, Request } from 'express';
import type { CompiledConfig } from '@waiter/config';
import { asWaiterError, renderError } from '@waiter/core';
import type { ErrorRequest } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import { contextOf, headerOf, pathOf, queryString } from './context';

/** The last middleware: every error becomes a response in the one place that core has for it. */
export function renderErrors(logger: Logger, config: CompiledConfig): ErrorRequestHandler {
  // express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const { cid } = contextOf(request);
    const { status } = asWaiterError(error);
    if (status >= 500 && status !== 503) {
      logger.error('request failed', { cid, method: request.method, path: pathOf(request), status, error });
    }
    if (response.headersSent) {
      // Half a response cannot be taken back; a cut connection at least says that it is not whole.
      response.destroy();
      return;
    }
    const rendered = renderError(error, errorRequest(request, config));
    response.statusCode = rendered.status;
    for (const [name, value] of Object.entries(rendered.headers)) response.setHeader(name, value);
    response.end(rendered.body);
  };
}

/** What an error page says of the request. */
export function errorRequest(request: Request, { router }: CompiledConfig): ErrorRequest {
  const { cid, timeMs, identity } = contextOf(request);
  return {
    accept: request.headers.accept,
    contentType: request.headers['content-type'],
    cid,
    host: request.headers.host ?? null,
    method: request.method,
    uri: pathOf(request),
    queryString: queryString(request),
    timeMs,
    principal: identity?.principal ?? null,
    serviceId: null,
    instanceId: null,
    token: headerOf(request, 'x-waiter-token') ?? null,
    serviceOwner: null,
    supportInfo: router.supportInfo,
    imagesUrl: router.imagesUrl,
  };
}
