import { assertNoDescendants, descendants, processesWith } from './process-tree';
import { startProcess } from './running-process';
import { temporaryDirectory } from './temporary-directory';
import { waitFor } from './wait-for';

const node = (
  script: string,
  more: { ready?: RegExp; readyTimeoutMs?: number; env?: Record<string, string> } = {},
) => startProcess({ name: 'sample', command: process.execPath, args: ['-e', script], ...more });

describe('startProcess', () => {
  it('waits for readiness, keeps the output, and stops with SIGTERM', async () => {
    const sample = await node('console.log("up " + process.env.MARK); setInterval(() => {}, 1000)', {
      ready: /up yes/,
      env: { MARK: 'yes' },
    });
    expect(sample.output()).toBe('up yes\n');
    await sample.stop();
    expect(await sample.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(sample.signal('SIGTERM')).toBe(false);
    await sample.stop();
  });

  it('shows the end of the output when it ends early or is not ready in time', async () => {
    await expect(node('console.error("no such file"); process.exit(3)', { ready: /up/ })).rejects.toThrow(
      /sample .* ended before it was ready \(code 3, signal null\)[^]*no such file/,
    );
    await expect(
      node('console.log("still loading"); setInterval(() => {}, 1000)', { ready: /up/, readyTimeoutMs: 500 }),
    ).rejects.toThrow(/is not ready[^]*still loading/);
  });

  it('kills what ignores SIGTERM, and says so', async () => {
    const sample = await node(
      'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)',
      {
        ready: /up/,
      },
    );
    await expect(sample.stop(50)).rejects.toThrow('did not end within 50 ms of SIGTERM and was killed');
    expect(await sample.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('says what cannot be started', async () => {
    await expect(startProcess({ name: 'ghost', command: '/no/such/program', args: [] })).rejects.toThrow(
      'ghost (/no/such/program) cannot be started: spawn /no/such/program ENOENT',
    );
  });
});

describe('process tree', () => {
  it('finds children, grandchildren and marks in the environment', async () => {
    const mark = await temporaryDirectory('waiter-testkit');
    const shell = await startProcess({
      name: 'shell',
      command: 'sh',
      args: ['-c', 'sh -c "sleep 60; true" & echo up; wait'],
      env: { MARK: mark.path },
      ready: /up/,
    });
    const found = await waitFor('the grandchild', () => {
      const all = descendants(shell.pid);
      return all.length === 2 && all;
    });
    expect(() => assertNoDescendants(shell.pid)).toThrow(/still has 2 descendants:[^]*sleep 60/);
    expect(
      processesWith(mark.path)
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual([shell.pid, ...found].sort());
    for (const pid of found) process.kill(pid, 'SIGKILL');
    await shell.stop();
    assertNoDescendants(shell.pid);
    await waitFor('all of them to be gone', () => processesWith(mark.path).length === 0);
    await mark.remove();
  });
});
