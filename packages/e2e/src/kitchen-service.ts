import { createHash } from 'node:crypto';
import { kitchenCommand } from '@waiter/kitchen';
import type { FleetClient } from './fleet-client';

/** A description of a kitchen service that may run as whoever runs the tests; `more` wins. */
export function kitchenService(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'kitchen',
    cmd: `exec ${kitchenCommand()} -p $PORT0`,
    'cmd-type': 'shell',
    version: '1',
    cpus: 0.1,
    mem: 64,
    'run-as-user': process.env['USER'] ?? 'root',
    'health-check-url': '/status',
    'concurrency-level': 1,
    ...more,
  };
}

interface App {
  readonly status: string;
  readonly instances: {
    readonly 'active-instances': readonly { id: string; host: string; port: number; 'healthy?': boolean }[];
    readonly 'failed-instances': readonly { id: string; 'exit-code': number | null }[];
    readonly 'killed-instances': readonly { id: string }[];
  };
  readonly 'request-metrics': { readonly outstanding?: number; readonly total?: number };
}

/** One service as `/apps/<id>` tells it. */
export function app(client: FleetClient, serviceId: string): Promise<App> {
  return client.json<App>(`/apps/${serviceId}`);
}

export async function healthyInstances(client: FleetClient, serviceId: string): Promise<number> {
  const { instances } = await app(client, serviceId);
  return instances['active-instances'].filter((instance) => instance['healthy?']).length;
}

/** By which an instance knows Waiter. */
export function serviceAuthorization(serviceId: string): string {
  const password = createHash('md5').update(`${serviceId}open-sesame`).digest('hex');
  return `Basic ${Buffer.from(`waiter:${password}`).toString('base64')}`;
}

/** Follows the kitchens of a service and remembers the most requests each ever served at once. */
export class KitchenWatch {
  readonly maxima = new Map<string, number>();
  private readonly authorization: string;

  constructor(
    private readonly client: FleetClient,
    private readonly serviceId: string,
  ) {
    this.authorization = serviceAuthorization(serviceId);
  }

  async look(): Promise<void> {
    const { instances } = await app(this.client, this.serviceId);
    await Promise.all(
      instances['active-instances']
        .filter((instance) => instance['healthy?'])
        .map(async ({ id, host, port }) => {
          const answer = await fetch(`http://${host}:${port}/kitchen-state`, {
            headers: { authorization: this.authorization },
          }).catch(() => null);
          if (answer?.status !== 200) return;
          const state = (await answer.json()) as { 'max-pending-http-requests': number };
          this.maxima.set(id, Math.max(this.maxima.get(id) ?? 0, state['max-pending-http-requests']));
        }),
    );
  }

  /** Looks again and again until `work` is done, and once more. */
  async during<T>(work: Promise<T>): Promise<T> {
    let over = false;
    void work.then(
      () => (over = true),
      () => (over = true),
    );
    while (!over) {
      await this.look();
      await new Promise((done) => setTimeout(done, 200));
    }
    await this.look();
    return work;
  }
}
