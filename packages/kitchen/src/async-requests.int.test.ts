import { waitFor } from '@waiter/testkit';
import { startKitchen, type RunningKitchen } from './kitchen';

describe('async requests', () => {
  let kitchen: RunningKitchen;
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${kitchen.port}${path}`, { method, headers, redirect: 'manual' });
  const begin = async (id: string, headers: Record<string, string> = {}): Promise<string> => {
    const response = await ask('/async/request', { 'x-kitchen-request-id': id, ...headers }, 'POST');
    expect([response.status, response.headers.get('x-kitchen-request-id')]).toEqual([202, id]);
    return response.headers.get('location') ?? '';
  };
  const state = async (): Promise<Record<string, number>> =>
    (await (await ask('/kitchen-state')).json()) as Record<string, number>;

  beforeAll(async () => {
    kitchen = await startKitchen();
  });
  afterAll(() => kitchen.close());

  it('cases 112 and 113: 202, 200 while it runs, 303 when done, result with the cid, 410 when forgotten', async () => {
    const location = await begin('r1', {
      'x-cid': 'cid-1',
      'x-kitchen-delay-ms': '500',
      'x-kitchen-store-async-response-ms': '1500',
    });
    expect(location).toBe('/async/status?request-id=r1');
    const pending = await ask(location);
    expect([pending.status, pending.headers.get('location')]).toEqual([200, null]);
    expect((await ask('/async/result?request-id=r1')).status).toBe(404);
    expect((await state())['async-requests']).toBe(1);

    const done = await waitFor('the end', async () => {
      const response = await ask(location);
      return response.status === 303 && response;
    });
    const result = done.headers.get('location') ?? '';
    expect(result).toBe('/async/result?request-id=r1');
    expect(await (await ask(result)).json()).toMatchObject({
      cid: 'cid-1',
      'request-method': 'post',
      uri: '/async/request',
    });

    await waitFor('the kitchen to forget it', async () => (await ask(location)).status === 410);
    expect((await ask(result)).status).toBe(404);
    expect((await state())['async-requests']).toBe(0);
  });

  it('case 114: DELETE cancels with 204, 200 or 405', async () => {
    const silent = await begin('r2');
    expect((await ask(silent, {}, 'DELETE')).status).toBe(204);
    expect((await ask(silent)).status).toBe(410);

    const loud = await ask(await begin('r3'), { 'x-kitchen-204-on-async-cancel': 'false' }, 'DELETE');
    expect([loud.status, await loud.text()]).toEqual([200, 'Deleted request-id r3']);

    const kept = await begin('r4');
    expect((await ask(kept, { 'x-kitchen-allow-async-cancel': 'false' }, 'DELETE')).status).toBe(405);
    expect((await ask(kept)).status).toBe(200);

    const keptFromTheStart = await begin('r5', { 'x-kitchen-allow-async-cancel': 'false' });
    expect((await ask(keptFromTheStart, {}, 'DELETE')).status).toBe(405);
  });

  it('without or with an unknown request-id', async () => {
    expect((await ask('/async/status')).status).toBe(400);
    expect((await ask('/async/result')).status).toBe(400);
    expect((await ask('/async/status?request-id=x')).status).toBe(410);
    expect((await ask('/async/result?request-id=x')).status).toBe(404);
  });
});
