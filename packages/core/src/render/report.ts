import type { Json } from '../words';
import type { ErrorCause, ErrorClass } from '../errors';
import { WaiterError } from '../errors';
import { own } from '../json';

/** Causes of errors for which help is meant; `other`: none of the named ones. */
export const SUPPORT_OCCASIONS = [
  'always',
  'client-error',
  'cors-error',
  'service-description-error',
  'service-error',
  'other',
] as const;

export interface SupportInfo {
  /** Default always. */
  readonly when?: (typeof SUPPORT_OCCASIONS)[number];
  readonly label: string;
  /** `value` may contain `{service-owner}`, `{waiter-token}`, `{service-id}` and the like. */
  readonly link: { readonly type: 'url' | 'email'; readonly value: string };
}

export const DEFAULT_SUPPORT_INFO: readonly SupportInfo[] = [
  { label: 'Waiter on GitHub', link: { type: 'url', value: 'http://github.com/twosigma/waiter' } },
];

/** What is known of the request that failed. */
export interface ErrorRequest {
  /** `Accept` and `Content-Type` choose the form of the answer. */
  readonly accept?: string | undefined;
  readonly contentType?: string | undefined;
  readonly cid: string;
  readonly host: string | null;
  readonly method: string;
  /** Path without query. */
  readonly uri: string;
  readonly queryString: string | null;
  /** Epoch ms of the request's arrival. */
  readonly timeMs: number;
  readonly principal: string | null;
  readonly serviceId: string | null;
  readonly instanceId: string | null;
  readonly token: string | null;
  readonly serviceOwner: string | null;
  readonly supportInfo: readonly SupportInfo[];
  /** Base URL of the error images; without it errors have none. */
  readonly imagesUrl?: string | undefined;
}

export interface ErrorReport {
  readonly status: number;
  readonly title: string;
  readonly message: string;
  readonly details: Readonly<Record<string, Json>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly imageUrl: string | null;
  readonly serviceId: string | null;
  readonly instanceId: string | null;
  readonly principal: string | null;
  readonly supportInfo: readonly SupportInfo[];
}

const TITLES: Readonly<Partial<Record<ErrorClass, string>>> = {
  'waiter.CorsPreflightForbidden': 'CORS Preflight Forbidden',
  'waiter.CorsRequestForbidden': 'CORS Request Forbidden',
  'waiter.DeploymentError': 'Service Deployment Error',
  'waiter.KerberosNegotiate': 'Waiter Auth Error: Kerberos Negotiate',
  'waiter.KerberosQueueLength': 'Waiter Auth Error: Kerberos Queue Length Exceeded',
  'waiter.Maintenance': 'Service in Maintenance',
  'waiter.PrestashedTickets': 'Waiter Auth Error: Prestashed Tickets',
  'waiter.QueueLength': 'Service Queue Length Exceeded',
  'waiter.RequestTimeout': 'Request Timeout',
  'waiter.ServiceForbidden': 'Service Forbidden',
  'waiter.ServiceMisconfigured': 'Service Configured Incorrectly',
  'waiter.ServiceUnknown': 'Service Cannot be Identified',
  'waiter.StreamFailure': 'Request Stream Failure',
  'waiter.StreamTimeout': 'Request Stream Timeout',
  'waiter.Suspended': 'Service Suspended',
  'waiter.UnsupportedAuth': 'Unsupported Authentication Method',
};

const CLASS_IMAGES: Readonly<Partial<Record<ErrorClass, string>>> = {
  'waiter.DeploymentError': 'http-503-deployment-error',
  'waiter.Maintenance': 'http-503-maintenance',
  'waiter.QueueLength': 'http-503-service-overloaded',
  'waiter.RequestTimeout': 'http-503-instance-unavailable',
  'waiter.Suspended': 'http-503-maintenance',
};
const STATUS_IMAGES: Readonly<Record<number, string>> = {
  400: 'http-400-bad-request',
  401: 'http-401-unauthorized',
  403: 'http-403-forbidden',
  408: 'http-408-request-timeout',
  429: 'http-429-too-many-requests',
  500: 'http-500-internal-server-error',
  502: 'http-502-connection-failed',
  504: 'http-504-gateway-timeout',
};

/** A fault of the request that a library reports in the http-errors manner, such as express's parsers. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  const told = error instanceof URIError || ('expose' in error && error.expose === true);
  return told && typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

/** Anything thrown, as a WaiterError: what no one expected is 500 `Internal error: ...` (spec: 0.5). */
export function asWaiterError(error: unknown): WaiterError {
  if (error instanceof WaiterError) return error;
  // By shape: an error of another realm (a worker's, a test runner's) is no instance of our Error.
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  const text = String(hasMessage ? error.message : error);
  const status = statusOf(error);
  if (status !== undefined) return new WaiterError(text, { status, cause: error });
  return new WaiterError(`Internal error: ${text}`, { status: 500, cause: error });
}

/** The help that fits the error (spec: request-path 6.2). */
function fitting(info: readonly SupportInfo[], cause: ErrorCause | undefined): readonly SupportInfo[] {
  const occasion = SUPPORT_OCCASIONS.find((one) => one === cause) ?? 'other';
  return info.filter(({ when = 'always' }) => when === 'always' || when === occasion);
}

function substituted(
  info: readonly SupportInfo[],
  values: Readonly<Record<string, string | null>>,
): SupportInfo[] {
  const fill = (text: string): string =>
    text.replace(/\{([a-z-]+)\}/g, (_, name: string) => own(values, name) ?? '');
  return info.map(({ label, link }) => ({ label, link: { type: link.type, value: fill(link.value) } }));
}

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

/** Everything an answer shows, whatever its form. */
export function reportOf(thrown: unknown, request: ErrorRequest): ErrorReport {
  const error = asWaiterError(thrown);
  const { status, errorClass, details } = error;
  const image = (errorClass && CLASS_IMAGES[errorClass]) ?? STATUS_IMAGES[status];
  const serviceId = request.serviceId ?? text(details['service-id']);
  const values = {
    cid: request.cid,
    host: request.host,
    'service-id': serviceId,
    'service-owner': request.serviceOwner,
    'waiter-token': request.token,
  };
  return {
    status,
    title: (errorClass && TITLES[errorClass]) ?? `Waiter Error ${status}`,
    message: error.message,
    details: thrown instanceof WaiterError ? details : null,
    headers: error.headers,
    imageUrl:
      request.imagesUrl === undefined || image === undefined ? null : `${request.imagesUrl}/${image}.png`,
    serviceId,
    instanceId: request.instanceId ?? text(details['instance-id']),
    principal: request.principal ?? text(details['principal']),
    supportInfo: substituted(fitting(request.supportInfo, error.errorCause), values),
  };
}
