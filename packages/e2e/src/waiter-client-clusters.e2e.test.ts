import { temporaryDirectory, type TemporaryDirectory } from '@waiter/testkit';
import { Fleet } from './fleet';
import { installPython } from './installed-clients';
import { kitchenService } from './kitchen-service';
import { WaiterClient, type ClientRun } from './waiter-client';

/** The existing client with two clusters, and the flags that its other suite leaves out (spec: cli-contract 2 and 4). */
const USER = process.env['USER'] ?? 'root';
const installed = installPython('waiter-client', '1.5.7', 'waiter');

if ('reason' in installed) {
  const { reason } = installed;
  process.stderr.write(`\nNOT TESTED: the existing waiter client with two clusters. ${reason}\n\n`);
  it.skip(`the real client with two clusters, because ${reason}`, () => undefined);
} else {
  let east: Fleet;
  let west: Fleet;
  let home: TemporaryDirectory;
  let cli: WaiterClient;
  let names = 0;
  beforeAll(async () => {
    home = await temporaryDirectory('waiter-client-');
    cli = new WaiterClient(installed.command, home.path, USER);
    east = await Fleet.start({ env: { WAITER_CLUSTER_NAME: 'east' } });
    west = await Fleet.start({ env: { WAITER_CLUSTER_NAME: 'west' } });
    cli.configure({ east: east.client().url, west: west.client().url }, { 'sync-group': 'coast' });
  }, 150_000);
  afterAll(async () => {
    await east?.stop();
    await west?.stop();
    await home?.remove();
  }, 90_000);
  jest.setTimeout(120_000);

  const newName = (): string => `two_clusters_${Date.now().toString(36)}_${(names += 1)}`;
  const view = (fleet: Fleet, token: string, more = ''): Promise<Record<string, unknown>> =>
    fleet.client().json(`/token?token=${token}${more}`);
  async function expectRun(args: readonly string[], code: number, ...parts: RegExp[]): Promise<ClientRun> {
    const run = await cli.run(args);
    if (run.code !== code) throw new Error(`waiter ${args.join(' ')}: exit ${String(run.code)}\n${run.text}`);
    for (const part of parts) expect(run.text).toMatch(part);
    return run;
  }
  const printed = async (...args: string[]): Promise<unknown> => {
    const { out } = await expectRun([...args, '--output', '-'], 0, /dry-run/);
    return JSON.parse(out.slice(out.indexOf('{'))) as unknown;
  };

  describe('two clusters', () => {
    it('writes to the cluster whose copy of the token is the newest', async () => {
      const token = newName();
      await expectRun(['create', '--cpus', '0.1', token], 0, /created .*token|Successfully created/);
      expect((await west.client().get(`/token?token=${token}`)).status).toBe(404);
      await expectRun(['--cluster', 'west', 'create', '--cpus', '0.2', token], 0, /on west/);
      await expectRun(['update', '--mem', '64', token], 0, /on west/, /Successfully updated/);
      expect(await view(west, token)).toMatchObject({ cpus: 0.2, mem: 64 });
      expect(await view(east, token)).toEqual({ cpus: 0.1, owner: USER });
      await expectRun(['--cluster', 'east', 'update', '--mem', '32', token], 0, /on east/);
      expect(await view(east, token)).toMatchObject({ cpus: 0.1, mem: 32 });
    });

    it('shows and lists the tokens of both, and deletes on both', async () => {
      const token = newName();
      for (const cluster of ['east', 'west']) {
        await expectRun(['--cluster', cluster, 'create', '--cpus', '0.1', token], 0);
      }
      const { out } = await expectRun(['show', '--json', token], 0);
      const shown = JSON.parse(out) as {
        count: number;
        clusters: Record<string, { token?: { cluster: string } }>;
      };
      expect(Object.keys(shown.clusters).sort()).toEqual(['east', 'west']);
      expect(shown.clusters['west']?.token?.cluster).toBe('west');
      await expectRun(['tokens'], 0, new RegExp(`east +\\S+ +${token}`), new RegExp(`west +\\S+ +${token}`));
      await expectRun(['delete', '--force', token], 0, /deleted .* in east/i, /deleted .* in west/i);
      for (const fleet of [east, west]) {
        expect((await fleet.client().get(`/token?token=${token}`)).status).toBe(404);
      }
    });

    it('still shows what the others say while one is away', async () => {
      const token = newName();
      await expectRun(['create', '--cpus', '0.1', token], 0);
      const away = new WaiterClient(installed.command, home.path, USER);
      away.configure({ east: east.client().url, gone: 'http://127.0.0.1:9' });
      const run = await away.run(['show', '--no-services', token]);
      cli.configure({ east: east.client().url, west: west.client().url }, { 'sync-group': 'coast' });
      expect([run.code, run.text]).toEqual([0, expect.stringContaining(token)]);
    });

    it('pings a copied token only in the cluster that it belongs to, unless told otherwise', async () => {
      const token = newName();
      const service = kitchenService({ name: token, 'concurrency-level': 5 });
      await west.client().register(token, service);
      // As `waiter tokens sync` leaves it.
      await east.client().register(token, { ...service, cluster: 'west' });
      const ping = await expectRun(['ping', token], 0, /in west/i, /Ping successful/, /currently Running/);
      expect(ping.text).toMatch(/not pinging token .* in east/i);
      const running = async (fleet: Fleet): Promise<number> =>
        (await fleet.client().json<unknown[]>(`/apps?token=${token}`)).length;
      expect([await running(east), await running(west)]).toEqual([0, 1]);
      await expectRun(['kill', '--force', '--timeout', '20', token], 0, /killed .* in west/i);
      expect(await running(west)).toBe(0);
      await expectRun(['--cluster', 'east', 'ping', token], 0, /in east/i, /Ping successful/);
      expect(await running(east)).toBe(1);
      await expectRun(['kill', '--force', token], 0, /killed .* in east/i);
    });
  });

  describe('files and templates', () => {
    it('renders a template, prints instead of posting, and overrides only where told', async () => {
      const token = newName();
      const file = cli.file('template.json', `{"cpus": \${c}, "env": {"A": "\${a}"}, "token": "${token}"}`);
      const context = cli.file('context.yaml', 'c: 0.3\na: q\n');
      const from = ['--input', file, '--context', context];
      expect(await printed('create', ...from, '--context.a', 'z')).toEqual({ cpus: 0.3, env: { A: 'z' } });
      expect((await east.client().get(`/token?token=${token}`)).status).toBe(404);
      await expectRun(['create', ...from], 0, /Successfully created/);
      expect(await view(east, token)).toEqual({ cpus: 0.3, env: { A: 'q' }, owner: USER });
      await expectRun(['update', '--cpus', '0.2', ...from], 1, /same parameter/);
      await expectRun(['update', '--cpus', '0.2', '--override', ...from], 0, /Successfully updated/);
      expect(await printed('update', '--mem', '128', token)).toEqual({
        cpus: 0.2,
        mem: 128,
        env: { A: 'q' },
        owner: USER,
      });
    });

    it('takes flags of every type', async () => {
      const token = newName();
      const given: Readonly<Record<string, string>> = {
        'grace-period-secs': '20',
        'idle-timeout-mins': '0',
        'queue-timeout-ms': '1000',
        'min-instances': '2',
        'concurrency-level': '3',
        'max-queue-length': '7',
        'health-check-port-index': '0',
        'health-check-max-consecutive-failures': '4',
        'restart-backoff-factor': '2.5',
        'expired-instance-restart-rate': '0.2',
        'jitter-threshold': '0.25',
        'https-redirect': 'yes',
        'env.NUMBER': '5',
        'metadata.flag': 'true',
        ports: '2',
      };
      await expectRun(
        ['create', ...Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]), token],
        0,
      );
      const numbers = Object.entries(given).filter(([name]) => !/^(env|metadata|https)/.test(name));
      expect(await view(east, token)).toEqual({
        ...Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])),
        'https-redirect': true,
        env: { NUMBER: '5' },
        metadata: { flag: 'true' },
        owner: USER,
      });
    });
  });

  describe('maintenance and readiness', () => {
    it('kills nothing, checks, and does not ping when told so', async () => {
      const token = newName();
      await east.client().register(token, kitchenService({ name: token, 'concurrency-level': 5 }));
      await expectRun(['ping', token], 0);
      const start = await expectRun(['maintenance', 'start', '--no-kill', token, 'soon'], 0, /activated/);
      expect(start.text).not.toMatch(/Killing/);
      expect(await east.client().json<unknown[]>(`/apps?token=${token}`)).toHaveLength(1);
      const stop = await expectRun(['maintenance', 'stop', '--no-ping', '--check', token], 0, /updated/);
      expect(stop.text).not.toMatch(/Pinging/);
      await expectRun(['maintenance', 'stop', '--no-ping', '--check', token], 1, /not in maintenance/);
      await expectRun(['maintenance', 'start', '--ask-kill', token, 'now'], 0, /Successfully killed/);
      await expectRun(['maintenance', 'stop', '--no-wait', token], 0, /Pinging/);
    });

    it('is not ready while the name of the token leads nowhere', async () => {
      const token = newName();
      await east.client().register(token, kitchenService({ name: token, version: 'v7' }));
      const ready = ['ready', '--ping-timeout', '20', '--connect-timeout', '1', '--version', 'v7', token];
      await expectRun(ready, 1, /Ping successful/, /currently Running/, /Awaiting successful connection/);
      await expectRun(['ensure-ssl', '--timeout', '1', token], 1, /Connection to .*:443 failed/);
    });
  });
}
