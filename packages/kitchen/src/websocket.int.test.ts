import { once } from 'node:events';
import { WebSocket, type RawData } from 'ws';
import { waitFor } from '@waiter/testkit';
import { startKitchen, type RunningKitchen } from './kitchen';

describe('websocket', () => {
  let kitchen: RunningKitchen;
  const open: WebSocket[] = [];

  beforeAll(async () => {
    kitchen = await startKitchen({ wsMaxTextMessageSize: 100_000, wsMaxBinaryMessageSize: 200_000 });
  });
  afterEach(() => {
    for (const client of open.splice(0)) client.terminate();
  });
  afterAll(() => kitchen.close());

  interface Conversation {
    client: WebSocket;
    /** The next message, in order. */
    next(): Promise<{ data: Buffer; isBinary: boolean }>;
    text(): Promise<string>;
    closed: Promise<[number, string]>;
  }

  async function converse(path = '/any', protocols: string[] = []): Promise<Conversation> {
    const client = new WebSocket(`ws://127.0.0.1:${kitchen.port}${path}`, protocols, {
      headers: { 'x-cid': 'cid-ws' },
    });
    open.push(client);
    const messages: { data: Buffer; isBinary: boolean }[] = [];
    client.on('message', (data: RawData, isBinary) => messages.push({ data: data as Buffer, isBinary }));
    const closed = new Promise<[number, string]>((resolve) => {
      client.once('close', (code, reason) => resolve([code, reason.toString()]));
    });
    await once(client, 'open');
    const next = (): Promise<{ data: Buffer; isBinary: boolean }> =>
      waitFor('a message', () => messages.shift());
    const text = async (): Promise<string> => (await next()).data.toString();
    expect(await text()).toBe('Connected to kitchen');
    return { client, next, text, closed };
  }

  it('case 125: greets, and shows the upgrade request', async () => {
    const { client, text, closed } = await converse('/ws?a=b?c');
    client.send('request-info');
    expect(JSON.parse(await text())).toMatchObject({
      headers: { upgrade: 'websocket', 'x-cid': 'cid-ws' },
      'query-string': 'a=b?c',
      'request-method': 'get',
      uri: '/ws',
    });
    client.close(1000);
    expect((await closed)[0]).toBe(1000);
  });

  it('echoes text and binary, and makes messages of a size', async () => {
    const { client, next, text } = await converse();
    client.send('héllo');
    expect(await text()).toBe('héllo');
    const bytes = Buffer.from([0, 255, 1]);
    client.send(bytes);
    expect(await next()).toEqual({ data: bytes, isBinary: true });
    client.send('bytes-150000');
    expect(await next()).toMatchObject({ data: { length: 150_000 }, isBinary: true });
    client.send('chars-70000');
    expect(await next()).toMatchObject({ data: { length: 70_000 }, isBinary: false });
  });

  it('reports and counts connections', async () => {
    const { client, text, closed } = await converse();
    client.send('kitchen-state');
    expect(JSON.parse(await text())).toMatchObject({ 'pending-ws-requests': 1, 'pending-http-requests': 0 });
    client.terminate();
    await closed;
    await waitFor('the count to fall', async () => {
      const response = await fetch(`http://127.0.0.1:${kitchen.port}/kitchen-state`);
      return ((await response.json()) as Record<string, number>)['pending-ws-requests'] === 0;
    });
  });

  it.each([
    ['a text that is asked for', 'chars-100001'],
    ['bytes that are asked for', 'bytes-200001'],
    ['a text that is sent', 'x'.repeat(100_001)],
    ['bytes that are sent', Buffer.alloc(200_001)],
  ])('closes with 1011 when too large: %s', async (_what, message) => {
    const { client, closed } = await converse();
    client.send(message);
    const [code, reason] = await closed;
    expect(code).toBe(1011);
    expect(reason).toContain('exceeds maximum size');
  });

  it('case 130: one subprotocol is chosen, two are not', async () => {
    expect((await converse('/', ['Chat-1.0'])).client.protocol).toBe('Chat-1.0');
    await expect(converse('/', ['Chat-1.0', 'Chat-2.0'])).rejects.toThrow('invalid subprotocol');
  });

  it('close says goodbye', async () => {
    const other = await startKitchen();
    const client = new WebSocket(`ws://127.0.0.1:${other.port}/`);
    await once(client, 'open');
    const closed = once(client, 'close');
    await other.close();
    expect((await closed)[0]).toBe(1001);
  });
});
