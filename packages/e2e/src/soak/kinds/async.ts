import { Agent } from 'node:http';
import { sleep } from '@waiter/testkit';
import type { Random } from '../random';
import { TOKENS, type Stage } from '../stage';
import type { Traffic } from '../traffic';
import { call, expectStatus, KEPT, type Reply } from './exchange';

const PATIENCE_MS = 60_000;
const LOOK_MS = 150;

/** Async requests: accepted by one router, asked about and fetched by way of any, some cancelled, some forgotten. */
export function asyncTraffic(stage: Stage): Traffic {
  const agent = new Agent(KEPT);
  return {
    name: 'async',
    clients: 2,
    pauseMs: 500,
    once: (random) => request(stage, agent, random),
    close: () => agent.destroy(),
  };
}

async function request(stage: Stage, agent: Agent, random: Random): Promise<void> {
  const headers = {
    'x-waiter-token': TOKENS.busy,
    'x-kitchen-delay-ms': String(random.whole(0, 2_000)),
  };
  const path = '/async/request';
  const begun = await call({ port: stage.port(random), agent, path, method: 'POST', headers });
  const status = locationOf(expectStatus(begun, 202, 'async'));
  // Its routers find out themselves that it is over.
  if (random.next() < 0.1) return;
  const ask = (at: string, method = 'GET'): Promise<Reply> =>
    call({ port: stage.port(random), agent, path: at, method });
  if (random.next() < 0.2) {
    expectStatus(await ask(status, 'DELETE'), 204, 'async: cancelled');
    expectStatus(await ask(status), 410, 'async: once cancelled');
    return;
  }
  const givenUpAt = Date.now() + PATIENCE_MS;
  let looked = await ask(status);
  while (looked.status === 200 && Date.now() < givenUpAt) {
    await sleep(LOOK_MS);
    looked = await ask(status);
  }
  const result = await ask(locationOf(expectStatus(looked, 303, 'async: status')));
  const { 'request-id': id } = JSON.parse(expectStatus(result, 200, 'async: result').body.toString()) as {
    'request-id'?: string;
  };
  if (id === undefined) throw new Error('async: another result');
}

function locationOf({ location }: Reply): string {
  if (location?.startsWith('/waiter-async/') !== true) throw new Error(`async: location ${location}`);
  return location;
}
