import { waitFor } from '@waiter/testkit';
import type { Cluster } from './cluster';

/** A running copy of a service, as Marathon tells it. */
export interface Task {
  readonly id: string;
  readonly ports: readonly number[];
  /** ISO-8601: its process exists since. */
  readonly startedAt?: string;
}

const GONE_MS = 30_000;

/** Registers a token of a service that runs as this user. @throws Error when it is refused */
export async function registerToken(
  cluster: Cluster,
  token: string,
  description: Readonly<Record<string, unknown>>,
): Promise<void> {
  const answer = await fetch(`${cluster.routerUrl}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      token,
      name: 'bench',
      version: '1',
      cpus: 0.1,
      mem: 64,
      'cmd-type': 'shell',
      'health-check-url': '/status',
      'run-as-user': process.env['USER'] ?? 'root',
      ...description,
    }),
  });
  if (!answer.ok) throw new Error(`POST /token: ${answer.status} ${await answer.text()}`);
}

/** Sends one request for a token, which starts its service. @returns the service id @throws Error unless it is a 200 */
export async function useToken(cluster: Cluster, token: string): Promise<string> {
  const answer = await fetch(`${cluster.routerUrl}/`, {
    headers: { 'x-waiter-token': token, 'x-waiter-debug': 'true' },
  });
  const body = await answer.text();
  const id = answer.headers.get('x-waiter-service-id');
  if (answer.status !== 200 || id === null) throw new Error(`request for ${token}: ${answer.status} ${body}`);
  return id;
}

/** What runs of a service now; empty when it does not. */
export async function tasksOf(cluster: Cluster, serviceId: string): Promise<readonly Task[]> {
  const answer = await fetch(`${cluster.marathonUrl}/v2/apps/${serviceId}/tasks`);
  if (answer.status === 404) return [];
  return ((await answer.json()) as { tasks: Task[] }).tasks;
}

/** Resolves with the ports of the instances once the router may use `count` of them. */
export async function readyPorts(cluster: Cluster, serviceId: string, count: number): Promise<number[]> {
  return waitFor(`${count} instances`, async () => {
    const answer = await fetch(`${cluster.routerUrl}/apps/${serviceId}`, {
      headers: { accept: 'application/json' },
    });
    const { instances } = (await answer.json()) as {
      instances: { 'active-instances': { port: number; 'healthy?': boolean }[] };
    };
    const healthy = instances['active-instances'].filter((instance) => instance['healthy?'] === true);
    return healthy.length === count && healthy.map(({ port }) => port);
  });
}

/** Deletes a service and waits until its app and processes are gone. */
export async function deleteService(cluster: Cluster, serviceId: string): Promise<void> {
  const answer = await fetch(`${cluster.routerUrl}/apps/${serviceId}?timeout=${GONE_MS}`, {
    method: 'DELETE',
  });
  if (!answer.ok) throw new Error(`DELETE /apps/${serviceId}: ${answer.status} ${await answer.text()}`);
  await waitFor(
    `the app ${serviceId} to be gone`,
    async () => (await fetch(`${cluster.marathonUrl}/v2/apps/${serviceId}`)).status === 404,
    { timeoutMs: GONE_MS },
  );
}
