import { Agent } from 'node:http';
import { kitchenService } from '../../kitchen-service';
import type { Stage } from '../stage';
import type { Traffic } from '../traffic';
import { call, expectStatus, KEPT } from './exchange';

const READS = ['/apps', '/tokens', '/metrics', '/state/leader', '/settings', '/status', '/profiles'];

/** What operators and their tools ask of the control API. */
export function controlTraffic(stage: Stage): Traffic[] {
  const agent = new Agent(KEPT);
  const json = { accept: 'application/json' };
  return [
    {
      name: 'api-reads',
      clients: 1,
      pauseMs: 400,
      once: async (random) => {
        const path = random.pick(READS);
        expectStatus(await call({ port: stage.port(random), agent, path, headers: json }), 200, path);
      },
      close: () => agent.destroy(),
    },
    {
      name: 'token-writes',
      clients: 1,
      pauseMs: 700,
      once: async (random) => {
        const token = `spare-${random.whole(0, 20)}.soak`;
        const text = JSON.stringify({ token, ...kitchenService({ version: String(random.whole(0, 99)) }) });
        const headers = { ...json, 'content-type': 'application/json' };
        const port = stage.port(random);
        const body = Buffer.from(text);
        expectStatus(
          await call({ port, agent, path: '/token', method: 'POST', headers, body }),
          200,
          'POST /token',
        );
        const read = await call({
          port: stage.port(random),
          agent,
          path: `/token?token=${token}`,
          headers: json,
        });
        const { version } = JSON.parse(expectStatus(read, 200, 'GET /token').body.toString()) as {
          version: string;
        };
        if (version !== (JSON.parse(text) as { version: string }).version)
          throw new Error('token: an old version');
      },
    },
  ];
}
