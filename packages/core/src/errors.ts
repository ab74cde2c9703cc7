import type { Json } from './words';

/** Error classes with a title of their own (spec: services-and-tokens 0.5). */
export type ErrorClass =
  | 'waiter.CorsPreflightForbidden'
  | 'waiter.CorsRequestForbidden'
  | 'waiter.DeploymentError'
  | 'waiter.KerberosNegotiate'
  | 'waiter.KerberosQueueLength'
  | 'waiter.Maintenance'
  | 'waiter.PrestashedTickets'
  | 'waiter.QueueLength'
  | 'waiter.RequestTimeout'
  | 'waiter.ReserveBackPressure'
  | 'waiter.ServiceForbidden'
  | 'waiter.ServiceMisconfigured'
  | 'waiter.ServiceUnknown'
  | 'waiter.StreamFailure'
  | 'waiter.StreamTimeout'
  | 'waiter.Suspended'
  | 'waiter.UnsupportedAuth';

export type ErrorCause =
  | 'client-eagerly-closed'
  | 'client-error'
  | 'cors-error'
  | 'deployment-error'
  | 'generic-error'
  | 'instance-error'
  | 'server-eagerly-closed'
  | 'service-description-error'
  | 'service-error';

export interface WaiterErrorOptions {
  readonly status: number;
  readonly errorClass?: ErrorClass;
  readonly errorCause?: ErrorCause;
  /** Appears verbatim (plus status, error-class and error-cause) as `details` of the error envelope. */
  readonly details?: Readonly<Record<string, Json>>;
  /** Extra response headers, e.g. `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Appended to the message after a newline: the per-field lines of a validation failure. */
  readonly friendlyMessage?: string;
  readonly cause?: unknown;
}

/**
 * An outcome that a client is told about. Anything else that is thrown is a fault of ours and answers
 * 500 `Internal error: ...` (spec: services-and-tokens 0.5). Rendered in one place: `renderError`.
 */
export class WaiterError extends Error {
  readonly status: number;
  readonly errorClass: ErrorClass | undefined;
  readonly errorCause: ErrorCause | undefined;
  readonly details: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, options: WaiterErrorOptions) {
    super(options.friendlyMessage === undefined ? message : `${message}\n${options.friendlyMessage}`.trim(), {
      cause: options.cause,
    });
    this.name = 'WaiterError';
    this.status = options.status;
    this.errorClass = options.errorClass;
    this.errorCause = options.errorCause;
    this.headers = options.headers ?? {};
    this.details = {
      ...(options.friendlyMessage === undefined ? {} : { 'friendly-error-message': options.friendlyMessage }),
      ...options.details,
      ...(options.errorCause === undefined ? {} : { 'error-cause': options.errorCause }),
      ...(options.errorClass === undefined ? {} : { 'error-class': options.errorClass }),
      status: options.status,
    };
  }
}
