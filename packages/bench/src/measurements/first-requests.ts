import { kitchenCommand } from '@waiter/kitchen';
import { sleep } from '@waiter/testkit';
import type { Cluster } from '../cluster/cluster';
import { deleteService, registerToken, tasksOf } from '../cluster/service';
import { ask } from './first-byte';
import { kitchenStart } from './kitchen-start';

/** One cold start, in milliseconds. */
export interface ColdStart {
  /** Request sent to first byte received. */
  readonly total: number;
  /** The instance's own: its process was made to it listens. */
  readonly own: number;
  /** Request sent to the instance's process was made. */
  readonly before: number;
  /** The instance listens to first byte received. */
  readonly after: number;
}

const ANSWER_MS = 30_000;
/** Until the last load report that names the request is replaced: with it a deleted service would be started again. */
const UNUSED_MS = 600;
/** Lets what a deletion leaves to be done end, and is no multiple of any period (ticks, reports, heartbeats). */
const REST_MS = 700;

/**
 * Requests for each of the tokens, all at once, each of which is a service that nobody used before and of which one
 * instance can serve them all.
 * @param clients requests per token
 * @throws Error when one of them is not answered
 */
export async function firstRequests(
  cluster: Cluster,
  tokens: readonly string[],
  clients: number,
): Promise<ColdStart[]> {
  for (const token of tokens)
    await registerToken(cluster, token, {
      cmd: `${kitchenCommand()} -p $PORT0`,
      version: token,
      'concurrency-level': clients,
    });
  await sleep(REST_MS);
  const all = tokens.flatMap((token) => Array<string>(clients).fill(token));
  const answered = await Promise.all(all.map((token) => firstRequest(cluster, token)));
  const starts: ColdStart[] = [];
  const serviceIds = new Set(answered.map(({ serviceId }) => serviceId));
  for (const id of serviceIds) {
    const { startedAt, listeningAt } = await instanceStart(cluster, id);
    for (const { serviceId, sentAt, firstByteAt } of answered) {
      if (serviceId !== id) continue;
      starts.push({
        total: firstByteAt - sentAt,
        own: listeningAt - startedAt,
        before: startedAt - sentAt,
        after: firstByteAt - listeningAt,
      });
    }
  }
  await sleep(UNUSED_MS);
  for (const id of serviceIds) await deleteService(cluster, id);
  return starts;
}

interface FirstRequest {
  readonly serviceId: string;
  /** Epoch milliseconds, as all times here. */
  readonly sentAt: number;
  readonly firstByteAt: number;
}

async function firstRequest({ routerUrl }: Cluster, token: string): Promise<FirstRequest> {
  const port = Number(new URL(routerUrl).port);
  const headers = { 'x-waiter-token': token, 'x-waiter-debug': 'true' };
  const { sentAt, firstByteAt, status, head } = await ask(port, headers, ANSWER_MS);
  const serviceId = /^x-waiter-service-id: (.*)$/im.exec(head)?.[1]?.trim();
  if (status !== 200 || serviceId === undefined) throw new Error(head);
  return { serviceId, sentAt, firstByteAt };
}

async function instanceStart(
  cluster: Cluster,
  serviceId: string,
): Promise<{ readonly startedAt: number; readonly listeningAt: number }> {
  const [task] = await tasksOf(cluster, serviceId);
  if (task === undefined) throw new Error(`${serviceId} answered, but Marathon runs no task of it`);
  const { startedAt, listeningAt } = await kitchenStart(cluster.stdoutOf(task.id));
  // The process exists since the fork; the kitchen's own word begins only when Node runs, after the shell and the loader.
  return { startedAt: Math.min(startedAt, Date.parse(task.startedAt ?? '') || Infinity), listeningAt };
}
