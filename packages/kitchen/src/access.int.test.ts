import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { temporaryDirectory } from '@waiter/testkit';
import { startKitchen } from './kitchen';
import { selfSigned } from './self-signed';

const env = { WAITER_USERNAME: 'waiter', WAITER_PASSWORD: 'secret' };
const right = { authorization: `Basic ${Buffer.from('waiter:secret').toString('base64')}` };
const wrong = { authorization: `Basic ${Buffer.from('waiter:guess').toString('base64')}` };

describe('basic auth', () => {
  it('is demanded everywhere but /status, /bad-status and /sleep', async () => {
    const kitchen = await startKitchen({ env });
    const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(`http://127.0.0.1:${kitchen.port}${path}`, { headers })).status;
    expect([await status('/'), await status('/', wrong), await status('/', right)]).toEqual([403, 403, 200]);
    expect([await status('/status'), await status('/bad-status?status=418'), await status('/sleep')]).toEqual(
      [200, 418, 200],
    );
    expect(await status('/kitchen-state')).toBe(403);
    expect(await status('/', { ...wrong, 'x-kitchen-echo': 'stream', 'x-kitchen-die-after-ms': '0' })).toBe(
      403,
    );

    const refused = new WebSocket(`ws://127.0.0.1:${kitchen.port}/`);
    expect(((await once(refused, 'unexpected-response'))[1] as IncomingMessage).statusCode).toBe(403);
    const client = new WebSocket(`ws://127.0.0.1:${kitchen.port}/`, { headers: right });
    await once(client, 'open');
    await kitchen.close();
  });

  it('with authenticated health checks is demanded of /status too, which greets the user', async () => {
    const kitchen = await startKitchen({ env, enableHealthCheckAuthentication: true });
    const url = `http://127.0.0.1:${kitchen.port}/status`;
    expect((await fetch(url)).status).toBe(403);
    const response = await fetch(url, { headers: { ...right, 'x-waiter-auth-principal': 'alice' } });
    expect(await response.text()).toBe('Hello alice');
    await kitchen.close();
  });
});

describe('TLS', () => {
  function get(port: number, ca?: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const options = ca === undefined ? { rejectUnauthorized: false } : { ca };
      const call = request({ host: '127.0.0.1', port, path: '/', agent: false, ...options }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.once('error', reject).end();
    });
  }

  it('--ssl-self-signed makes its own certificate', async () => {
    const kitchen = await startKitchen({ tls: 'self-signed' });
    expect(await get(kitchen.port)).toBe(200);
    await kitchen.close();
  });

  it('--ssl takes CERT_PATH, KEY_PATH and KEY_PASSWORD; the certificate holds for 127.0.0.1', async () => {
    const { cert, key } = await selfSigned();
    const { path, remove } = await temporaryDirectory('kitchen-tls');
    const [CERT_PATH, KEY_PATH] = [join(path, 'cert.pem'), join(path, 'key.pem')];
    writeFileSync(CERT_PATH, cert);
    writeFileSync(KEY_PATH, key);
    const kitchen = await startKitchen({ tls: 'environment', env: { CERT_PATH, KEY_PATH } });
    expect(await get(kitchen.port, cert)).toBe(200);
    await kitchen.close();

    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' },
    });
    writeFileSync(KEY_PATH, privateKey);
    const locked = { CERT_PATH, KEY_PATH, KEY_PASSWORD: 'wrong' };
    await expect(startKitchen({ tls: 'environment', env: locked })).rejects.toThrow(/decrypt/i);
    await expect(startKitchen({ tls: 'environment', env: {} })).rejects.toThrow('CERT_PATH');
    await remove();
  });
});
