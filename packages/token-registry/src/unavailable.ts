import { WaiterError } from '@waiter/core';

/** How ioredis and Redis say that nothing can be read or written now, but may be soon. */
const AWAY =
  /^(?:Command timed out|Connection is closed|Stream isn't writeable|Reached the max retries|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|OOM|MISCONF|NOREPLICAS|BUSY )/;

/** @throws WaiterError 503 in place of an error that says that Redis is away; every other error as it is */
export function unavailable(error: unknown): never {
  if (!(error instanceof WaiterError) && error instanceof Error && AWAY.test(error.message)) {
    throw new WaiterError('The token registry does not answer; please retry the request.', {
      status: 503,
      errorCause: 'service-error',
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
  throw error;
}
