import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesWith, sleep, startProcess, temporaryDirectory } from '@waiter/testkit';
import { FleetClient } from './fleet-client';
import { kitchenService } from './kitchen-service';
import { SteadyLoad } from './steady-load';

const ROOT = join(__dirname, '..', '..', '..');

interface Topology {
  readonly front: string;
  readonly routers: readonly string[];
  readonly marathon: string;
}

describe('the topology of docker-compose.yml as processes', () => {
  it('serves through HAProxy and through both routers, and ends on Ctrl-C with nothing left', async () => {
    const directory = await temporaryDirectory('waiter-topology-');
    const topology = await startProcess({
      name: 'topology',
      command: join(ROOT, 'scripts', 'topology.sh'),
      args: ['--data-dir', directory.path],
      ready: /^ready$/m,
      readyTimeoutMs: 60_000,
    });
    try {
      const { front, routers } = JSON.parse(
        readFileSync(join(directory.path, 'topology.json'), 'utf8'),
      ) as Topology;
      expect(routers).toHaveLength(2);
      const client = new FleetClient(front);
      await client.register('through', kitchenService({ name: 'through', 'concurrency-level': 8 }));
      const load = new SteadyLoad(4, () => client.use('through', '/hello', { 'x-kitchen-delay-ms': '20' }));
      for (const url of routers) {
        expect((await new FleetClient(url).use('through', '/hello')).status).toBe(200);
      }
      await sleep(1_000);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThan(20);
      const { state } = await client.json<{ state: { routers: Record<string, string> } }>(
        '/state/maintainer',
      );
      expect(Object.values(state.routers)).toHaveLength(2);
    } finally {
      topology.signal('SIGINT');
      await topology.exited;
    }
    expect(processesWith(directory.path)).toEqual([]);
    await directory.remove();
  }, 120_000);

  // Debian package docker-compose; no engine is needed. Where it is missing this shows as skipped.
  const hasCompose = spawnSync('docker-compose', ['version']).error === undefined;
  (hasCompose ? it : it.skip)('is what docker-compose would run', async () => {
    const compose = await startProcess({
      name: 'docker-compose config',
      command: 'docker-compose',
      args: ['-f', join(ROOT, 'docker-compose.yml'), 'config', '--services'],
    });
    expect((await compose.exited).code).toBe(0);
    const services = compose.output().split(/\s+/).filter(Boolean);
    expect(services).toEqual(
      expect.arrayContaining([
        'redis',
        'mini-marathon',
        'router-1',
        'router-2',
        'scaler-1',
        'scaler-2',
        'haproxy',
      ]),
    );
  });
});
