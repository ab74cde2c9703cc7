import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import type { Instance, Json } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { createApi } from '..';
import type { ApiDeps } from '..';

export const USER = 'sam';
export const CLUSTER = 'c1';
export const PASSWORD = 'hunter2';

/** The control API of one router over a real Redis, without scaler and workers. */
export interface ApiUnderTest {
  readonly deps: ApiDeps;
  readonly store: Store;
  readonly queues: Queues;
  /** A client of a router of the fleet that differs in these parts. */
  client(parts?: Partial<ApiDeps>): ReturnType<typeof supertest>;
  /** A service as a router would store it, running with the given instances. */
  service(options?: ServiceOptions): Promise<string>;
  publish(serviceId: string, instances: readonly Instance[]): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly parameters?: Readonly<Record<string, Json>>;
  readonly sources?: readonly { readonly token: string; readonly version: string }[];
  /** Health of each instance. */
  readonly instances?: readonly boolean[];
}

export async function startApi(
  redisUrl: string,
  flags: Readonly<Record<string, string>> = {},
): Promise<ApiUnderTest> {
  const store = await Store.open({ url: redisUrl, cluster: CLUSTER });
  const queues = new Queues({ url: redisUrl, cluster: CLUSTER });
  const config = loadConfig({
    flags: {
      'cluster-name': CLUSTER,
      'router-user': USER,
      passwords: PASSWORD,
      redis: redisUrl,
      ...flags,
    },
    machine: { hostname: 'box', username: USER, unique: 'abc123' },
  });
  const deps: ApiDeps = {
    store,
    queues,
    config,
    logger: silentLogger,
    metrics: createMetrics(),
    clock: systemClock,
    authenticator: oneUser(USER),
    entitlement: new Entitlement(new SimpleEntitlementManager(USER)),
    routerId: 'r1',
    port: 9091,
    startedAtMs: Date.now(),
    version: '0123456789abcdef',
    isDraining: () => false,
  };
  const apis = new Map<string, ReturnType<typeof createApi>>();
  const publish: ApiUnderTest['publish'] = async (serviceId, instances) => {
    await store.instances.publish(
      {
        serviceId,
        epoch: 1,
        requested: instances.length,
        scheduled: instances.length,
        instances: instances.map((instance) => ({ ...instance, draining: false })),
        failed: [],
        killed: [],
        deploymentError: null,
      },
      { concurrencyLevel: 1, loadBalancing: 'oldest' },
    );
  };
  return {
    deps,
    store,
    queues,
    publish,
    client(parts) {
      if (parts !== undefined) return supertest(createApi({ ...deps, ...parts }));
      const same = apis.get('r1') ?? createApi(deps);
      apis.set('r1', same);
      return supertest(same);
    },
    async service({ parameters = {}, sources = [], instances = [true] } = {}) {
      const id = `waiter-service-${randomUUID()}`;
      const description = {
        cmd: 'run',
        cpus: 0.1,
        mem: 256,
        version: '1',
        'run-as-user': USER,
        ...parameters,
      };
      const effective = { 'concurrency-level': 1, ...description };
      await store.services.ensure({ id, description, effective, sourceTokens: sources });
      await publish(
        id,
        instances.map((healthy, n) => instanceOf(id, n, healthy)),
      );
      return id;
    },
    async stop() {
      await queues.close();
      await store.close();
    },
  };
}

export function instanceOf(serviceId: string, n: number, healthy: boolean): Instance {
  return {
    id: `${serviceId}.${n}`,
    serviceId,
    host: '127.0.0.1',
    port: 31_000 + n,
    extraPorts: [],
    startedAtMs: 1_700_000_000_000 + n,
    healthy,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
  };
}
