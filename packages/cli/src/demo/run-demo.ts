import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@waiter/config';
import { kitchenCommand } from '@waiter/kitchen';
import { freePort } from '../up/own-redis';
import { LocalCluster } from '../up/local-cluster';
import { UsageError } from '../usage-error';
import { Load, percentile } from './load';
import { Timeline } from './timeline';

const TOKEN = 'demo';
/** How long one request takes in the service. */
const SERVICE_MS = 400;
/** Clients at work, and for how long. */
const PHASES: readonly (readonly [number, number])[] = [
  [2, 4_000],
  [8, 12_000],
  [3, 6_000],
];
const LIMIT_MS = 110_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The service of the demo: one request at a time per instance, quick to grow and to go away. */
const service = (user: string): Record<string, unknown> => ({
  token: TOKEN,
  name: 'demo',
  cmd: `${kitchenCommand()} -p $PORT0`,
  'cmd-type': 'shell',
  version: '1',
  cpus: 0.1,
  mem: 64,
  'run-as-user': user,
  'health-check-url': '/status',
  'concurrency-level': 1,
  'min-instances': 1,
  'max-instances': 8,
  'scale-up-factor': 0.6,
  'scale-down-factor': 0.3,
  'idle-timeout-mins': 0.1,
});

/**
 * Starts a cluster (2 workers, 2 scalers, mini-marathon, Redis), sends real load to a service of which nothing runs,
 * and shows it grow, shrink and vanish.
 * @returns exit code
 */
export async function runDemo({ keep }: { readonly keep: boolean }): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'waiter-demo-'));
  const config = loadConfig({
    flags: {
      'data-dir': dataDir,
      'router-port': String(await freePort()),
      'router-workers': '2',
      'scaler-gc-interval': '1s',
      'scaler-settle': '2s',
    },
  });
  print('Starting a cluster: one router node with 2 workers, 2 scalers, mini-marathon, Redis');
  const cluster = await LocalCluster.start(
    { config, routers: 1, scalers: 2, redisUrl: null, marathonUrl: null },
    (text) => print(`  ${text}`),
  );
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= cluster.stop().then(() => rmSync(dataDir, { recursive: true, force: true }));
    return stopped;
  };
  const interrupted = (): void => void stop().then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const code = await Promise.race([play(cluster, config.router.user), endedEarly(cluster)]);
    if (!keep) return code;
    print(`\nThe cluster stays up; Ctrl-C ends it. Logs: ${cluster.dataDir}/logs`);
    print(`  curl -H 'x-waiter-token: ${TOKEN}' ${cluster.routerUrls[0]}/hello`);
    print(`  curl ${cluster.routerUrls[0]}/apps    and Marathon: curl ${cluster.marathonUrl}/v2/apps`);
    await cluster.firstExit();
    return code;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await stop();
  }
}

async function endedEarly(cluster: LocalCluster): Promise<never> {
  const name = await cluster.firstExit();
  throw new Error(`${name} ended by itself; see ${cluster.dataDir}/logs`);
}

async function play(cluster: LocalCluster, user: string): Promise<number> {
  const [url] = cluster.routerUrls;
  if (url === undefined) throw new UsageError('the cluster has no router');
  const deadline = performance.now() + LIMIT_MS;
  const registered = await fetch(`${url}/token`, { method: 'POST', body: JSON.stringify(service(user)) });
  if (registered.status !== 200)
    throw new Error(`POST /token: ${registered.status} ${await registered.text()}`);
  const load = new Load(cluster.routerUrls, {
    'x-waiter-token': TOKEN,
    'x-waiter-debug': 'true',
    'x-kitchen-delay-ms': String(SERVICE_MS),
  });
  print(
    `\nToken "${TOKEN}" is registered; nothing runs. Each request takes ${SERVICE_MS} ms; one at a time per instance.\n`,
  );
  const timeline = new Timeline(url, print);
  const first = await load.request();
  const serviceId = first.headers.get('x-waiter-service-id') ?? '';
  timeline.say(
    `first answer after ${Math.round(load.figures.latenciesMs[0] ?? 0)} ms: instance started, checked, ${SERVICE_MS} ms of service`,
  );
  for (const [clients, ms] of PHASES) {
    timeline.say(`── ${clients} clients`);
    load.setClients(clients);
    const until = performance.now() + ms;
    while (performance.now() < until) {
      await timeline.look(serviceId);
      await sleep(500);
    }
  }
  timeline.say('── no more requests');
  await load.end();
  const gone = async (): Promise<boolean> => {
    await timeline.look(serviceId);
    const { apps } = (await (await fetch(`${cluster.marathonUrl}/v2/apps`)).json()) as { apps: unknown[] };
    return apps.length === 0;
  };
  let vanished = await gone();
  while (!vanished && performance.now() < deadline) {
    await sleep(500);
    vanished = await gone();
  }
  const { ok, failed, firstFailure, latenciesMs } = load.figures;
  print(
    `\n${ok} requests answered, ${failed} failed. Latency p50 ${Math.round(percentile(latenciesMs, 0.5))} ms, ` +
      `p99 ${Math.round(percentile(latenciesMs, 0.99))} ms (${SERVICE_MS} ms of it is the service). ` +
      `Instances: 0 → ${timeline.peak} → ${vanished ? 0 : 'still there'}.`,
  );
  if (firstFailure !== null) print(`First failure: ${firstFailure}`);
  return failed === 0 && vanished && timeline.peak > 1 ? 0 : 1;
}
