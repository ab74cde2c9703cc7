import { grpcHeaders, isGrpc } from './grpc';
import { htmlBody } from './html';
import { jsonText, plainBody } from './plain';
import type { ErrorReport, ErrorRequest } from './report';
import { reportOf } from './report';

export interface RenderedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type ErrorFormat = 'application/grpc' | 'application/json' | 'text/html' | 'text/plain';

/** The form of an error's answer (spec: request-path 6.1). */
export function errorFormat(request: Pick<ErrorRequest, 'accept' | 'contentType'>): ErrorFormat {
  const accept = request.accept ?? '';
  for (const format of ['application/json', 'text/html', 'text/plain'] as const) {
    if (accept.includes(format)) return format;
  }
  if (isGrpc(request.contentType)) return 'application/grpc';
  if (request.contentType === 'application/json') return request.contentType;
  return 'text/plain';
}

function jsonBody(report: ErrorReport, request: ErrorRequest): string {
  return jsonText({
    'waiter-error': {
      cid: request.cid,
      details: report.details,
      host: request.host,
      'instance-id': report.instanceId,
      message: report.message,
      principal: report.principal,
      'query-string': request.queryString,
      'request-method': request.method.toUpperCase(),
      'service-id': report.serviceId,
      status: report.status,
      'support-info': report.supportInfo,
      timestamp: new Date(request.timeMs).toISOString(),
      title: report.title,
      uri: request.uri,
      ...(report.imageUrl === null ? {} : { 'image-url': report.imageUrl }),
      ...(request.serviceOwner === null ? {} : { 'service-owner': request.serviceOwner }),
      ...(request.token === null ? {} : { 'waiter-token': request.token }),
    },
  });
}

/**
 * The one place that turns an error into a response (spec: services-and-tokens 0.5, request-path 6). Never throws.
 * @param error a WaiterError, or anything else, which answers 500
 */
export function renderError(error: unknown, request: ErrorRequest): RenderedError {
  const report = reportOf(error, request);
  const format = errorFormat(request);
  const headers: Record<string, string> = { 'content-type': format, 'x-cid': request.cid };
  let body = '';
  if (format === 'application/json') body = jsonBody(report, request);
  else if (format === 'text/html') body = htmlBody(report, request);
  else if (format === 'text/plain') body = plainBody(report, request);
  else Object.assign(headers, grpcHeaders(report.status, report.message));
  return { status: report.status, headers: { ...headers, ...report.headers }, body };
}
