import { EventEmitter, once } from 'node:events';
import { gracefulShutdown } from './graceful-shutdown';
import type { ShutdownStep } from './graceful-shutdown';
import { silentLogger } from './logger';

class Host extends EventEmitter {
  connected = false;
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
    this.emit('exit');
  }
}

function start(host: Host, steps: ShutdownStep[], options: { timeoutMs?: number; repeatMs?: number } = {}) {
  return gracefulShutdown({ logger: silentLogger, timeoutMs: 60_000, steps, host, ...options });
}

it('runs the steps in order on SIGTERM and exits with 0', async () => {
  const host = new Host();
  const seen: string[] = [];
  start(host, [
    { name: 'drain', run: () => Promise.resolve().then(() => seen.push('drain')) },
    { name: 'close', run: () => seen.push('close') },
  ]);
  host.emit('SIGTERM');
  await once(host, 'exit');
  expect(seen).toEqual(['drain', 'close']);
  expect(host.exits).toEqual([0]);
});

it('goes on after a step that fails, and exits with 1', async () => {
  const host = new Host();
  const last = jest.fn();
  start(host, [
    { name: 'bad', run: () => Promise.reject(new Error('no')) },
    { name: 'last', run: last },
  ]);
  host.emit('SIGINT');
  await once(host, 'exit');
  expect(last).toHaveBeenCalledTimes(1);
  expect(host.exits).toEqual([1]);
});

it('gives up after the timeout with 1', async () => {
  const host = new Host();
  start(host, [{ name: 'stuck', run: () => new Promise(() => undefined) }], { timeoutMs: 5 });
  host.emit('SIGTERM');
  await once(host, 'exit');
  expect(host.exits).toEqual([1]);
});

it('runs the steps once for two different signals: Ctrl-C reaches a child by the terminal and by its parent', async () => {
  const host = new Host();
  const drain = jest.fn(() => Promise.resolve());
  start(host, [{ name: 'drain', run: drain }], { repeatMs: 0 });
  host.emit('SIGINT');
  host.emit('SIGTERM');
  await once(host, 'exit');
  expect(drain).toHaveBeenCalledTimes(1);
  expect(host.exits).toEqual([0]);
});

it('exits at once on the second signal of a kind', () => {
  const host = new Host();
  start(host, [{ name: 'slow', run: () => new Promise(() => undefined) }], { repeatMs: 0, timeoutMs: 5 });
  host.emit('SIGINT');
  host.emit('SIGINT');
  expect(host.exits).toEqual([130]);
});

it('takes an echo of the first signal for the first', () => {
  const host = new Host();
  start(host, [{ name: 'slow', run: () => new Promise(() => undefined) }], {
    repeatMs: 60_000,
    timeoutMs: 5,
  });
  host.emit('SIGTERM');
  host.emit('SIGTERM');
  expect(host.exits).toEqual([]);
});

it('shuts down when its parent is gone, if it had one', async () => {
  const host = new Host();
  host.connected = true;
  start(host, []);
  host.emit('disconnect');
  await once(host, 'exit');
  expect(host.exits).toEqual([0]);
  const orphan = new Host();
  start(orphan, []);
  expect(orphan.listenerCount('disconnect')).toBe(0);
});

it('stops listening when disposed', () => {
  const host = new Host();
  start(host, []).dispose();
  expect(host.eventNames()).toEqual([]);
});
