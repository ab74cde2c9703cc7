/**
 * How the token API behaves with 20 and with 20,000 tokens: `npx tsx packages/token-registry/bench/many-tokens.ts`.
 * Medians in ms, over real Redis (a redis-server of PATH) and real HTTP, on this machine.
 */
import { request } from 'node:http';
import { startRedis } from '@waiter/testkit';
import { startRegistry } from '../src/testing/registry';
import { listen } from '../src/testing/watcher';

const OWNERS = 100;
const ROUNDS = 200;

async function main(): Promise<void> {
  const redis = await startRedis();
  const registry = await startRegistry({ url: redis.url, settings: { tokenLimitPerOwner: 1_000_000 } });
  const app = await listen(registry.app);

  const call = (method: string, path: string, body?: object): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port: app.port, method, path }, (response) => {
        let bytes = 0;
        response.on('data', (piece: Buffer) => (bytes += piece.length));
        response.on('end', () =>
          response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${path}: ${response.statusCode}`)),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const median = async (rounds: number, work: (round: number) => Promise<unknown>): Promise<string> => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      await work(round);
      times.push(performance.now() - start);
    }
    return (times.sort((a, b) => a - b)[rounds >> 1] ?? NaN).toFixed(2).padStart(9);
  };
  const data = (token: string, i: number): object => ({
    token,
    cmd: 'serve',
    cpus: 1,
    mem: 256,
    version: String(i),
    metadata: { team: `team${i % 7}` },
  });

  let existing = 0;
  for (const total of [20, 20_000]) {
    for (; existing < total; existing += 20) {
      const names = Array.from({ length: 20 }, (_, i) => existing + i);
      await Promise.all(
        names.map((i) =>
          registry.tokens.write({
            name: `token-${i}`,
            data: { ...data('', i), owner: `owner${i % OWNERS}`, 'last-update-time': Date.now() },
          }),
        ),
      );
    }
    let serial = 0;
    const rows: [string, string][] = [
      [
        'POST /token, a new version',
        await median(ROUNDS, () => call('POST', '/token', data('written', (serial += 1)))),
      ],
      ['GET /token', await median(ROUNDS, () => call('GET', '/token?token=written&include=metadata'))],
      [
        'GET /tokens?owner=owner7&include=metadata',
        await median(20, () => call('GET', '/tokens?owner=owner7&include=metadata')),
      ],
      ['GET /tokens?include=metadata (all)', await median(10, () => call('GET', '/tokens?include=metadata'))],
      [
        'GET /tokens?owner=owner7&metadata.team=team3',
        await median(20, () => call('GET', '/tokens?owner=owner7&metadata.team=team3')),
      ],
      [
        'GET /tokens?metadata.team=team3 (all)',
        await median(5, () => call('GET', '/tokens?metadata.team=team3')),
      ],
      [
        'GET /tokens?metadata.team=(team|x)[3-5]%2B (all)',
        await median(5, () => call('GET', '/tokens?metadata.team=(team|x)[3-5]%2B')),
      ],
    ];
    process.stdout.write(`${total} tokens of ${OWNERS} owners\n`);
    for (const [what, ms] of rows) process.stdout.write(`${ms} ms  ${what}\n`);
    if (total > 20) {
      const start = performance.now();
      await registry.tokens.reindex();
      process.stdout.write(`${(performance.now() - start).toFixed(0).padStart(9)} ms  reindex\n`);
    }
  }
  await app.close();
  await registry.close();
  await redis.stop();
}

void main();
