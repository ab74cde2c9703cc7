/** One rejected field: `path` in Marathon's notation (`/healthChecks(0)/path`), `errors` its messages. */
export interface ErrorDetail {
  readonly path: string;
  readonly errors: readonly string[];
}

export interface ErrorBody {
  readonly message: string;
  readonly details?: string | readonly ErrorDetail[];
  readonly deployments?: readonly { readonly id: string }[];
}

/**
 * An outcome that an API client is told about, in Marathon's own body shapes (scaling-and-schedulers 4B.2). Not a
 * `WaiterError`: clients of this server are Marathon clients and know nothing of Waiter's envelope.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
    this.name = 'ApiError';
  }
}

const notFound = (message: string) => new ApiError(404, { message });

export const unknownApp = (id: string) => notFound(`App '${id}' does not exist`);
export const unknownAppVersion = (id: string, version: string) =>
  notFound(`App '${id}' does not exist in version ${version}`);
export const unknownGroup = (id: string) => notFound(`Group '${id}' does not exist`);
export const unknownPod = (id: string) => notFound(`Pod '${id}' does not exist`);
export const unknownTask = (id: string) => notFound(`Task '${id}' does not exist`);
export const unknownDeployment = (id: string) => notFound(`DeploymentPlan ${id} does not exist`);
export const notQueued = (id: string) => notFound(`Application ${id} not found in tasks queue.`);
export const appExists = (id: string) =>
  new ApiError(409, { message: `An app with id [${id}] already exists.` });
export const appAtPath = (id: string) =>
  new ApiError(409, { message: `An app with the path ${id} already exists.` });
export const groupExists = (id: string) =>
  new ApiError(409, { message: `Group ${id} is already created. Use PUT to change this group.` });
export const scaleAndWipe = () =>
  new ApiError(400, { message: 'You cannot use scale and wipe at the same time.' });
export const malformedTaskId = (id: string) =>
  new ApiError(400, { message: `Invalid task id '${id}'. [unparsable task id]` });
export const badParameter = (name: string, value: string) =>
  new ApiError(400, { message: `Invalid value '${value}' for the query parameter '${name}'` });
export const unauthorized = () => new ApiError(401, { message: 'HTTP 401 Unauthorized' });
export const unsupportedMediaType = () => new ApiError(415, { message: 'HTTP 415 Unsupported Media Type' });
export const methodNotAllowed = () => new ApiError(405, { message: 'HTTP 405 Method Not Allowed' });
export const uriNotFound = () => new ApiError(500, { message: 'URI not found' });

export const appLocked = (deploymentIds: readonly string[]) =>
  new ApiError(409, {
    message:
      "App is locked by one or more deployments. Override with the option '?force=true'. " +
      "View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
    deployments: deploymentIds.map((id) => ({ id })),
  });

export const tooManyDeployments = (limit: number) =>
  new ApiError(403, { message: `Max number (${limit}) of running deployments reached` });

/** The text parsed, but a field has the wrong JSON type. */
export const wrongShape = (details: readonly ErrorDetail[]) =>
  new ApiError(422, { message: 'Invalid JSON', details });
/** The shape is right, a rule is broken. */
export const invalidObject = (details: readonly ErrorDetail[]) =>
  new ApiError(422, { message: 'Object is not valid', details });
export const sameIdAsGroup = (id: string) =>
  invalidObject([{ path: '/', errors: [`Groups and Applications may not have the same identifier: ${id}`] }]);
