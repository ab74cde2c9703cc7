import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { startMiniMarathon } from './server';
import { TestServer, until } from './test-support';

interface Seen {
  readonly eventType: string;
  readonly [field: string]: unknown;
}

/** Somebody who is called with events. */
class Callback {
  readonly seen: Seen[] = [];
  status = 200;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async listen(): Promise<Callback> {
    const server = createServer((request, response) => void callback.take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const callback = new Callback(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/events?x=1`,
      server,
    );
    return callback;
  }

  kinds(): string[] {
    return this.seen.map(({ eventType }) => eventType);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push(JSON.parse(await text(request)) as Seen);
    response.writeHead(this.status).end();
  }
}

let marathon: TestServer;
let callback: Callback;
beforeEach(async () => {
  marathon = await TestServer.start();
  callback = await Callback.listen();
});
afterEach(async () => {
  callback.close();
  expect(await marathon.stop()).toEqual([]);
});

const at = (url: string): string => `/v2/eventSubscriptions?callbackUrl=${encodeURIComponent(url)}`;
const sleeper = { id: 'one', cmd: 'exec sleep 60', mem: 16, cpus: 0.1 };

describe('/v2/eventSubscriptions', () => {
  it('posts every event in order to who subscribes, and nothing more once he does no longer', async () => {
    expect((await marathon.call('POST', at(callback.url))).body).toEqual({
      clientIp: '127.0.0.1',
      callbackUrl: callback.url,
      eventType: 'subscribe_event',
    });
    expect((await marathon.call('GET', '/v2/eventSubscriptions')).body).toEqual({
      callbackUrls: [callback.url],
    });
    await marathon.call('POST', at(callback.url));
    await marathon.call('POST', '/v2/apps', sleeper);
    await until(() => (callback.kinds().includes('deployment_success') ? true : undefined));
    const subscribed = callback.kinds().filter((kind) => kind === 'subscribe_event');
    expect(subscribed).toHaveLength(2);
    const running = callback.seen.findIndex(({ taskStatus }) => taskStatus === 'TASK_RUNNING');
    expect(callback.seen[running]).toMatchObject({ eventType: 'status_update_event', appId: '/one' });
    expect(callback.kinds().indexOf('api_post_event')).toBeLessThan(running);
    expect(callback.seen.find(({ plan }) => plan !== undefined)?.['plan']).toMatchObject({
      target: { apps: [{ id: '/one' }] },
    });

    expect((await marathon.call('DELETE', at(callback.url))).body).toMatchObject({
      eventType: 'unsubscribe_event',
    });
    expect((await marathon.call('GET', '/v2/eventSubscriptions')).body).toEqual({ callbackUrls: [] });
    const before = callback.kinds().filter((kind) => kind !== 'unsubscribe_event').length;
    await marathon.call('DELETE', '/v2/apps/one');
    await until(async () => ((await marathon.call('GET', '/v2/apps/one')).status === 404 ? true : undefined));
    expect(callback.kinds().filter((kind) => kind !== 'unsubscribe_event')).toHaveLength(before);
  });

  it('leaves a subscriber alone for a while that fails, and then tells it again', async () => {
    callback.status = 500;
    await marathon.call('POST', at(callback.url));
    await until(() => (callback.seen.length === 1 ? true : undefined));
    await marathon.call('POST', '/v2/apps', sleeper);
    await marathon.settled('one');
    expect(callback.seen).toHaveLength(1);
    callback.status = 200;
    await until(async () => {
      await marathon.call('PUT', '/v2/apps/one', { labels: { now: String(performance.now()) } });
      return callback.seen.length > 1 ? true : undefined;
    });
  });

  it('refuses what is no address, and keeps its subscribers over a restart', async () => {
    const refused = await marathon.call('POST', at('mailto:me@example.com'));
    expect([refused.status, refused.body]).toEqual([
      422,
      {
        message: 'Object is not valid',
        details: [{ path: '/callbackUrl', errors: ['mailto:me@example.com is not a valid URL'] }],
      },
    ]);
    expect((await marathon.call('POST', '/v2/eventSubscriptions')).status).toBe(422);

    const keeping = await startMiniMarathon({
      port: 0,
      dataDir: `${marathon.dataDir}/kept`,
      keepTasks: true,
    });
    await TestServer.on(keeping, marathon.dataDir).call('POST', at(callback.url));
    await keeping.close();
    const next = await startMiniMarathon({ port: 0, dataDir: `${marathon.dataDir}/kept` });
    const { body } = await TestServer.on(next, marathon.dataDir).call('GET', '/v2/eventSubscriptions');
    expect(body).toEqual({ callbackUrls: [callback.url] });
    await next.close();
  });
});
