import { randomUUID } from 'node:crypto';
import { startMiniMarathon } from '@waiter/mini-marathon';
import { startFaultProxy, temporaryDirectory } from '@waiter/testkit';
import { describeScheduler } from '../conformance';
import type { ServiceSpec } from '../port';
import { createMarathonScheduler } from './marathon-scheduler';

const SERVER = `require('http').createServer((request, response) => response.end(JSON.stringify(process.env))).listen(process.env.PORT0)`;

describeScheduler('Marathon driver with mini-marathon', async () => {
  const directory = await temporaryDirectory('conformance');
  const marathon = await startMiniMarathon({ port: 0, dataDir: directory.path });
  const proxy = await startFaultProxy({ targetPort: marathon.port });
  const scheduler = createMarathonScheduler({
    url: `http://127.0.0.1:${proxy.port}`,
    servicePrefix: 'waiter-service-',
    reconcileMs: 60_000,
  });
  const spec = (id: string, cmd: string, instances: number): ServiceSpec => {
    const description = { cmd, cpus: 0.1, mem: 64, name: 'conformance' };
    const environment = { WAITER_SERVICE_ID: id, PATH: process.env['PATH'] ?? '' };
    // Checks every second, so that health does not keep the suite waiting; backoff short, for the failures.
    const effective = {
      ...description,
      'health-check-url': '/',
      'health-check-interval-secs': 1,
      'restart-backoff-factor': 1,
    };
    return { id, description, effective, environment, instances };
  };
  return {
    scheduler,
    spec,
    newServiceId: () => `waiter-service-${randomUUID().replaceAll('-', '')}`,
    serveCommand: `exec ${process.execPath} -e "${SERVER}"`,
    interrupt: async (during) => {
      await proxy.cut();
      await during();
      await proxy.heal();
    },
    close: async () => {
      await scheduler.close();
      await proxy.stop();
      await marathon.close();
      await directory.remove();
    },
  };
});
