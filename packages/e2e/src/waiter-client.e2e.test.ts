import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, waitFor, type TemporaryDirectory } from '@waiter/testkit';
import { Fleet } from './fleet';
import type { FleetClient } from './fleet-client';
import { app, kitchenService } from './kitchen-service';
import { installPython } from './installed-clients';
import { WaiterClient, type ClientRun } from './waiter-client';

/** The existing users' own client against our cluster (spec: cli-contract). */
const USER = process.env['USER'] ?? 'root';
const installed = installPython('waiter-client', '1.5.7', 'waiter');

let fleet: Fleet;
let home: TemporaryDirectory;
let cli: WaiterClient;
let client: FleetClient;
let names = 0;

const newName = (): string => `cli_test_${Date.now().toString(36)}_${(names += 1)}`;

/** A complete description as flags; `more` wins. */
function flags(more: Readonly<Record<string, unknown>> = {}): string[] {
  const all = { ...kitchenService({ 'concurrency-level': 5 }), ...more };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function expectRun(
  args: readonly string[],
  code: number,
  ...parts: (string | RegExp)[]
): Promise<ClientRun> {
  const run = await cli.run(args);
  if (run.code !== code) throw new Error(`waiter ${args.join(' ')}: exit ${String(run.code)}\n${run.text}`);
  for (const part of parts)
    expect(run.text).toMatch(typeof part === 'string' ? new RegExp(escape(part)) : part);
  return run;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface Row {
  readonly 'service-id': string;
  readonly status: string;
}
const rows = (token: string): Promise<Row[]> => client.json(`/apps?token=${token}`);
const view = (token: string, more = ''): Promise<Record<string, unknown>> =>
  client.json(`/token?token=${token}${more}`);

async function running(token: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  await client.register(token, kitchenService({ 'concurrency-level': 5, name: token, ...more }));
  const answer = await client.use(token, '/', { 'x-waiter-debug': 'true' });
  expect(answer.status).toBe(200);
  return String(answer.headers['x-waiter-service-id']);
}

if ('reason' in installed) {
  const { reason } = installed;
  process.stderr.write(`\nNOT TESTED: the existing waiter client cannot be installed here. ${reason}\n\n`);
  it.skip(`the real client: not installed, because ${reason}`, () => undefined);
} else {
  beforeAll(async () => {
    home = await temporaryDirectory('waiter-client-');
    cli = new WaiterClient(installed.command, home.path, USER);
    fleet = await Fleet.start({ routers: 2 });
    client = fleet.client();
    cli.configure({ waiter: client.url });
  }, 90_000);
  afterAll(async () => {
    await fleet?.stop();
    await home?.remove();
  }, 60_000);
  jest.setTimeout(120_000);

  describe('create and update', () => {
    it('creates from flags exactly what they say', async () => {
      const token = newName();
      const numbers = { 'idle-timeout-mins': 10, 'scale-factor': 0.5 };
      const args = flags({ ...numbers, 'env.FOO': '1', 'metadata.team': 'x' });
      await expectRun(['create', ...args, token], 0, `Successfully created ${token}`);
      // `--version 1` stays text: only names with the suffixes of numbers become numbers.
      expect(await view(token)).toEqual({
        ...kitchenService({ 'concurrency-level': 5, ...numbers }),
        env: { FOO: '1' },
        metadata: { team: 'x' },
        owner: USER,
      });
      await expectRun(['create', ...args, token], 0, /no changes/i);
    });

    it('creates from JSON, YAML and standard input', async () => {
      const [json, yaml, stdin] = [newName(), newName(), newName()];
      const jsonFile = cli.file('one.json', JSON.stringify({ cpus: 0.2, mem: 128, version: 'a' }));
      const yamlFile = cli.file('one.yaml', 'cpus: 0.3\nmem: 128\nenv:\n  A: "b"\n');
      await expectRun(['create', '--json', jsonFile, json], 0, `Successfully created ${json}`);
      await expectRun(['create', '--yaml', yamlFile, yaml], 0, `Successfully created ${yaml}`);
      const piped = await cli.run(['create', '--json', '-', stdin], '{"mem": 64}');
      expect(piped.code).toBe(0);
      expect(await view(json)).toEqual({ cpus: 0.2, mem: 128, version: 'a', owner: USER });
      expect(await view(yaml)).toEqual({ cpus: 0.3, mem: 128, env: { A: 'b' }, owner: USER });
      expect(await view(stdin)).toEqual({ mem: 64, owner: USER });
    });

    it.each([
      ['an unknown parameter', ['--foo-bar', 'x', '--cpus', '1'], ['Unsupported key(s)', 'foo-bar']],
      ['no cores', ['--cpus', '0'], ['Service description', 'improper', 'cpus must be a positive number']],
      ['a foreign user', ['--run-as-user', 'somebody'], ['cannot run as user', 'somebody']],
      ['nothing', [], ['No parameters provided']],
    ])('prints why the server refuses %s', async (_what, args, parts) => {
      const token = newName();
      await expectRun(['create', ...args, token], 1, ...parts);
      await expectRun(['show', token], 1, /no matching data/i);
    });

    it('updates over what is there, replaces the description only where told, and re-creates after delete', async () => {
      const token = newName();
      await expectRun(['create', '--cpus', '0.1', '--env.A', '1', token], 0);
      await expectRun(['update', '--mem', '64', '--env.B', '2', token], 0, `Successfully updated ${token}`);
      expect(await view(token)).toEqual({ cpus: 0.1, mem: 64, env: { A: '1', B: '2' }, owner: USER });
      const metadata = await view(token, '&include=metadata');
      expect(metadata).toMatchObject({
        'last-update-user': USER,
        cluster: 'waiter',
        root: 'waiter',
        previous: { cpus: 0.1, env: { A: '1' } },
        'last-update-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      await expectRun(['delete', token], 0, /successfully deleted/i);
      await expectRun(['create', '--cpus', '0.2', token], 0, `Successfully created ${token}`);
      expect(await view(token)).toEqual({ cpus: 0.2, owner: USER });
    });

    it('writes as administrator what users may not', async () => {
      const token = newName();
      const file = cli.file(
        'admin.json',
        JSON.stringify({
          cpus: 1,
          root: 'elsewhere',
          'last-update-user': 'syncer',
          'run-as-user': 'somebody',
        }),
      );
      await expectRun(
        ['create', '--admin', 'true', '--json', file, token],
        0,
        `Successfully created ${token}`,
      );
      expect(await view(token, '&include=metadata')).toMatchObject({
        root: 'elsewhere',
        'last-update-user': 'syncer',
        'run-as-user': 'somebody',
      });
    });
  });

  describe('show and tokens', () => {
    it('shows a token, its services, and nothing for an unknown name', async () => {
      const token = newName();
      await running(token);
      await expectRun(['show', token], 0, token, 'Current', 'Running', /Owner\s+\S+/);
      const { out } = await expectRun(['show', '--json', token], 0);
      const shown = JSON.parse(out) as {
        clusters: Record<string, { services: Row[]; token: object; etag: string }>;
      };
      const [cluster] = Object.values(shown.clusters);
      expect(cluster?.token).toMatchObject({ name: token, owner: USER });
      expect(cluster?.services).toHaveLength(1);
      expect(cluster?.etag).toMatch(/^E-[0-9a-f]{32}$/);
      await expectRun(['show', 'no_such_token'], 1, /no matching data/i);
    });

    it('lists tokens by owner', async () => {
      const token = newName();
      await client.register(token, { cpus: 1, maintenance: { message: 'closed' } });
      await expectRun(['tokens'], 0, token, 'Maintenance');
      const { out } = await expectRun(['tokens', '--json'], 0);
      expect(out).toContain(token);
      await expectRun(['tokens', '--user', 'nobody-here'], 1);
    });
  });

  describe('ping and kill', () => {
    it('pings a token, which starts its service; pings the service; kills and pings again', async () => {
      const token = newName();
      await client.register(token, kitchenService({ name: token, 'concurrency-level': 5 }));
      await expectRun(['ping', token], 0, /ping successful/i, /Service is currently Running/);
      const [row] = await rows(token);
      const id = row?.['service-id'] ?? '';
      await expectRun(['ping', '--service-id', id], 0, /ping successful/i, /Service is currently Running/);
      await expectRun(['delete', token], 1, /service/i, id);
      await expectRun(['kill', '--force', token], 0, /successfully killed/i, id);
      await waitFor('no service', async () => (await rows(token)).length === 0, { timeoutMs: 10_000 });
      expect((await app(client, id)).status).toBe('Inactive');
      await expectRun(['kill', token], 1, /no services|no matching/i);
      await expectRun(['ping', '--service-id', id], 0, /ping successful/i);
      await expectRun(['kill', '--force', '--service-id', id, '--timeout', '30'], 0, /successfully killed/i);
      await waitFor('no service', async () => (await rows(token)).length === 0, { timeoutMs: 10_000 });
      await expectRun(['delete', token], 0, /successfully deleted/i);
    });

    it('kills and pings in one command', async () => {
      const token = newName();
      await running(token);
      await expectRun(['kill', '--force', '--ping', token], 0, /successfully killed/i, /ping successful/i);
    });

    it('does not wait when told so', async () => {
      const token = newName();
      await client.register(
        token,
        kitchenService({ name: token, cmd: `sleep 12 && ${String(kitchenService()['cmd'])}` }),
      );
      const startedAt = Date.now();
      await expectRun(['ping', '--no-wait', token], 0, /Service is currently (Starting|Running)/);
      expect(Date.now() - startedAt).toBeLessThan(20_000);
      await cli.run(['kill', '--force', token]);
    });

    it('says why a token cannot be pinged', async () => {
      const partial = newName();
      await client.register(partial, { cpus: 0.1 });
      const run = await expectRun(['ping', partial], 1, /improper/i);
      expect(run.text).not.toMatch(/currently Running/);
      await expectRun(['ping', 'no_such_token'], 1, /no matching data/i);
      const broken = newName();
      await client.register(broken, kitchenService({ name: broken, cmd: 'this-command-is-not-there' }));
      await expectRun(['ping', '--timeout', '60', broken], 1, /Deployment error: Invalid startup command/);
      await cli.run(['kill', '--force', broken]);
    });
  });

  describe('maintenance', () => {
    it.each([
      [
        ['maintenance', 'start'],
        ['maintenance', 'stop'],
      ],
      [['stop'], ['start']],
    ])('%j and %j', async (start, stop) => {
      const token = newName();
      const id = await running(token);
      await expectRun(['maintenance', 'check', token], 1, /not in maintenance/i);
      await expectRun([...start, token, 'back at nine'], 0, /maintenance mode/i, /successfully killed/i, id);
      await expectRun(['maintenance', 'check', token], 0, /in maintenance/i);
      const refused = await client.use(token, '/');
      expect(refused).toMatchObject({ status: 503, body: expect.stringContaining('back at nine') });
      expect(await view(token)).toMatchObject({ maintenance: { message: 'back at nine' } });
      await expectRun([...stop, token], 0, /ping successful/i, /Service is currently Running/);
      expect(await view(token)).not.toHaveProperty('maintenance');
      await expectRun(['maintenance', 'check', token], 1);
    });
  });

  describe('init', () => {
    it.each(['json', 'yaml'])('writes a %s file that create takes', async (format) => {
      const token = newName();
      const path = join(home.path, `init.${format}`);
      await expectRun(
        ['init', `--${format}`, '--file', path, '--cpus', '0.1', '--name', 'fresh'],
        0,
        /writing token/i,
      );
      expect(existsSync(path) && readFileSync(path, 'utf8')).toContain('fresh');
      await expectRun(['init', `--${format}`, '--file', path], 1, /already a file/i);
      await expectRun(
        ['create', `--${format}`, path, '--override', '--run-as-user', USER, token],
        0,
        /created/,
      );
      expect(await view(token)).toMatchObject({ cpus: 0.1, name: 'fresh' });
    });
  });

  const instances = async (id: string) => (await app(client, id)).instances;

  describe('ssh', () => {
    it('finds host and directory of an instance', async () => {
      const token = newName();
      const id = await running(token);
      const [instance] = (await instances(id))['active-instances'];
      cli.program('ssh', 'echo "called with: $*"');
      // The client hands over to the program; what it says is on standard output.
      const directory = String((instance as { 'log-directory'?: unknown } | undefined)?.['log-directory']);
      expect(directory).toMatch(/\/slaves\/.+\/executors\/.+\/runs\/latest$/);
      expect(readdirSync(directory)).toEqual(['stderr', 'stdout']);
      await expectRun(
        ['ssh', '--instance-id', instance?.id ?? ''],
        0,
        'called with: -t 127.0.0.1',
        directory,
      );
      await expectRun(['ssh', '--quick', token, 'ls'], 0, 'called with: -t 127.0.0.1', directory, 'ls');
    });
  });

  describe('instance signals', () => {
    it('kills an instance: gone from the active ones at once, and then among the killed', async () => {
      const token = newName();
      const id = await running(token, { 'min-instances': 2 });
      await waitFor('two', async () => (await instances(id))['active-instances'].length === 2, {
        timeoutMs: 30_000,
      });
      const target = (await instances(id))['active-instances'][0]?.id ?? '';
      await expectRun(['instance', 'kill', '--instance-id', target], 0, /success/i, target);
      const after = await instances(id);
      expect(after['active-instances'].map((one) => one.id)).not.toContain(target);
      await waitFor(
        'the killed instance',
        async () => (await instances(id))['killed-instances'].some((one) => one.id === target),
        { timeoutMs: 10_000 },
      );
      const other = (await instances(id))['active-instances'][0]?.id ?? '';
      await expectRun(['instance', 'kill', '--force', '--instance-id', other], 0, /success/i, other);
      await cli.run(['kill', '--force', token]);
    });

    it('expires an instance: it stays and is flagged', async () => {
      const token = newName();
      const id = await running(token);
      const target = (await instances(id))['active-instances'][0]?.id ?? '';
      await expectRun(['instance', 'expire', '--instance-id', target], 0, /success/i, target);
      const flagged = async (): Promise<boolean> =>
        ((await instances(id))['active-instances'] as readonly { id: string; flags?: string[] }[]).some(
          (one) => one.id === target && (one.flags ?? []).includes('expired'),
        );
      await waitFor('the flag', flagged, { timeoutMs: 10_000 });
      await cli.run(['kill', '--force', token]);
    });

    it('finds no instance that is not there', async () => {
      const id = await running(newName());
      // The client leaves with 0 here.
      await expectRun(['instance', 'kill', '--instance-id', `${id}.nothing`], 0, /no matching data/i);
    });
  });
}
