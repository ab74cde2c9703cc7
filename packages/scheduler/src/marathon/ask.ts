import { isOk, refused } from './answers';
import type { MarathonAnswer, MarathonCall, MarathonClient } from './client';
import { retry } from './retry';

/** One call with the retries of 3.3. */
export type Ask = (call: MarathonCall, ...accepted: number[]) => Promise<MarathonAnswer>;

/**
 * @param signal ends the pauses between attempts
 * @returns a function that rejects with `SchedulerError` for statuses that are neither 2xx nor `accepted`
 */
export function askOf(client: MarathonClient, signal: AbortSignal): Ask {
  return (call, ...accepted) =>
    retry(
      async () => {
        const answer = await client.call(call);
        if (!isOk(answer) && !accepted.includes(answer.status)) throw refused(call, answer);
        return answer;
      },
      { signal },
    );
}
