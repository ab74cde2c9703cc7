import { temporaryDirectory, type TemporaryDirectory } from '@waiter/testkit';
import { Fleet } from './fleet';
import { installPython } from './installed-clients';
import { app, kitchenService } from './kitchen-service';
import { startSshServer, whyNoSsh, type SshServer } from './ssh-server';
import { WaiterClient } from './waiter-client';

/** `waiter ssh` of the existing client, through a real SSH server, into the sandbox of a real instance. */
const installed = installPython('waiter-client', '1.5.7', 'waiter');
const reason = 'reason' in installed ? installed.reason : whyNoSsh();

if ('reason' in installed || reason !== null) {
  process.stderr.write(`\nNOT TESTED: waiter ssh through a real SSH server. ${String(reason)}\n\n`);
  it.skip(`waiter ssh, because ${String(reason)}`, () => undefined);
} else {
  let fleet: Fleet;
  let home: TemporaryDirectory;
  let ssh: SshServer;
  let cli: WaiterClient;
  const token = 'reached_by_ssh';
  let id: string;
  beforeAll(async () => {
    home = await temporaryDirectory('waiter-client-');
    ssh = await startSshServer(home.path);
    fleet = await Fleet.start();
    cli = new WaiterClient(installed.command, home.path, process.env['USER'] ?? 'root');
    cli.configure({ waiter: fleet.client().url });
    cli.program('ssh', ssh.client);
    await fleet.client().register(token, kitchenService({ name: 'reached' }));
    const { headers } = await fleet.client().use(token, '/', { 'x-waiter-debug': 'true' });
    id = String(headers['x-waiter-service-id']);
  }, 120_000);
  afterAll(async () => {
    await fleet?.stop();
    await ssh?.process.stop();
    await home?.remove();
  }, 60_000);
  jest.setTimeout(60_000);

  const remote = async (...args: string[]): Promise<string> => {
    const run = await cli.run(['ssh', ...args]);
    if (run.code !== 0)
      throw new Error(`waiter ssh ${args.join(' ')}: exit ${String(run.code)}\n${run.text}`);
    return run.out;
  };

  it('lands in the directory of the logs, by token, service and instance', async () => {
    const { instances } = await app(fleet.client(), id);
    const instance = instances['active-instances'][0]?.id ?? '';
    for (const args of [[token], ['--token', token], ['-s', id], ['-i', instance], ['-q', token]]) {
      const out = await remote(...args, 'pwd;', 'ls;', 'grep', '-c', '.', 'stdout');
      expect(out).toContain(`/executors/${instance}/runs/`);
      expect(out).toMatch(/stderr\s+stdout\s+\d+/);
    }
  });

  it('reads the logs of an instance that was killed, when asked for those', async () => {
    const { instances } = await app(fleet.client(), id);
    const instance = instances['active-instances'][0]?.id ?? '';
    const killed = await cli.run(['instance', 'kill', '--instance-id', instance]);
    expect(killed.code).toBe(0);
    const out = await remote('--killed', '--no-active', '-s', id, 'pwd');
    expect(out).toContain(`/executors/${instance}/runs/`);
  });
}
