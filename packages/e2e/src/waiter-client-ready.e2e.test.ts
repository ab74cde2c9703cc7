import { spawnSync } from 'node:child_process';
import { selfSigned } from '@waiter/kitchen';
import { temporaryDirectory, type TemporaryDirectory } from '@waiter/testkit';
import { Fleet } from './fleet';
import { installPython, type Installed } from './installed-clients';
import { kitchenService } from './kitchen-service';
import { WaiterClient } from './waiter-client';

/** `ready` and `ensure-ssl` of the existing client: a handshake with `<token>:443` (spec: cli-contract 4). */
const TOKEN = 'ready-handshake';
const OTHER = 'other-handshake';
const LISTEN = `require('net').createServer().on('error', () => process.exit(1)).listen(443, '127.0.0.1', () => process.exit(0))`;

/** The client, or why names and port 443 cannot be arranged here. Blocks: it must be known before tests are collected. */
function prepared(): Installed {
  const cannot = (program: string, ...args: string[]): boolean => spawnSync(program, args).status !== 0;
  if (cannot('unshare', '--mount', 'true'))
    return { reason: 'only root can give a process names of its own' };
  if (cannot(process.execPath, '-e', LISTEN)) return { reason: 'port 443 cannot be had' };
  return installPython('waiter-client', '1.5.7', 'waiter');
}
const installed = prepared();

if ('reason' in installed) {
  const { reason } = installed;
  process.stderr.write(`\nNOT TESTED: readiness by the existing waiter client. ${reason}\n\n`);
  it.skip(`the real client and TLS, because ${reason}`, () => undefined);
} else {
  let fleet: Fleet;
  let home: TemporaryDirectory;
  let cli: WaiterClient;
  beforeAll(async () => {
    home = await temporaryDirectory('waiter-client-');
    const plain = new WaiterClient(installed.command, home.path, process.env['USER'] ?? 'root');
    const { cert, key } = await selfSigned(new Date(), [TOKEN]);
    const [certFile, keyFile] = [plain.file('token.crt', cert), plain.file('token.key', key)];
    fleet = await Fleet.start({
      env: {
        WAITER_ROUTER_TLS_PORT: '443',
        WAITER_ROUTER_TLS_CERTIFICATES: JSON.stringify([{ certFile, keyFile }]),
      },
    });
    plain.configure({ here: fleet.client().url });
    cli = plain.whereKnown([TOKEN, OTHER], certFile);
  }, 150_000);
  afterAll(async () => {
    await fleet?.stop();
    await home?.remove();
  }, 90_000);

  it('is ready when the version serves and the name of the token has a certificate', async () => {
    await fleet.client().register(TOKEN, kitchenService({ name: TOKEN, version: 'v7' }));
    const ready = await cli.run(['ready', '--ping-timeout', '20', '--version', 'v7', TOKEN]);
    expect(ready.text).toMatch(/Ping successful/);
    expect(ready.text).toContain(`Successfully connected to ${TOKEN}:443 using TLSv1.3`);
    expect(ready.code).toBe(0);
    expect((await cli.run(['ensure-ssl', TOKEN])).code).toBe(0);
  }, 120_000);

  it('is not ready where the certificate is for another name', async () => {
    const { code, text } = await cli.run(['ensure-ssl', '--timeout', '2', OTHER]);
    expect(text).toMatch(/Connection to other-handshake:443 failed|not valid for/);
    expect(code).toBe(1);
  }, 60_000);
}
