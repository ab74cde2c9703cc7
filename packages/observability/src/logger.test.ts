import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createLogger } from './logger';
import type { Logger, LoggerOptions } from './logger';

async function written(options: Partial<LoggerOptions>, use: (logger: Logger) => void): Promise<string> {
  const stream = new PassThrough();
  use(createLogger({ name: 'scaler', ...options, stream }));
  await new Promise(setImmediate);
  stream.end();
  return text(stream);
}

describe('json', () => {
  it('writes one object a line with level, name, time, message and fields', async () => {
    const [line] = (await written({}, (logger) => logger.info('scaled', { service: 's1', to: 3 }))).split(
      '\n',
    );
    expect(JSON.parse(line ?? '')).toEqual({
      level: 'info',
      name: 'scaler',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      message: 'scaled',
      service: 's1',
      to: 3,
    });
  });

  it('does not let a field hide the message or the level', async () => {
    const line = await written({}, (logger) => logger.warn('mine', { message: 'theirs', level: 'error' }));
    expect(JSON.parse(line)).toMatchObject({ message: 'mine', level: 'warn' });
  });

  it('writes nothing below its level', async () => {
    expect(await written({ level: 'warn' }, (logger) => logger.info('quiet'))).toBe('');
  });

  it('gives children the fields of their parents; later ones win', async () => {
    const line = await written({ fields: { router: 'r1' } }, (logger) =>
      logger.child({ worker: 1, cid: 'a' }).error('x', { cid: 'b' }),
    );
    expect(JSON.parse(line)).toMatchObject({ router: 'r1', worker: 1, cid: 'b' });
  });
});

describe('secrets', () => {
  it('masks values by name, at any depth, and passwords in URLs, also in messages and errors', async () => {
    const output = await written({}, (logger) =>
      logger.error('cannot reach redis://app:hunter2@db:6379', {
        password: 'hunter2',
        headers: { Authorization: 'hunter2', 'set-cookie': ['hunter2'], accept: 'x' },
        passwords: ['hunter2'],
        clientSecret: 'hunter2',
        error: new Error('connect to redis://:hunter2@db failed', { cause: { cookie: 'hunter2' } }),
      }),
    );
    expect(output).not.toContain('hunter2');
    expect(JSON.parse(output)).toMatchObject({
      headers: { accept: 'x', Authorization: '<hidden>' },
      error: { name: 'Error', message: 'connect to redis://:<hidden>@db failed' },
    });
  });

  it('keeps token names: they are no secrets', async () => {
    expect(await written({}, (logger) => logger.info('x', { token: 'my-app' }))).toContain('my-app');
  });
});

describe('odd values', () => {
  it('survives cycles, big integers, maps and undefined', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const line = await written({}, (logger) =>
      logger.info('x', { cyclic, big: 10n, map: new Map([['a', 1]]), nothing: undefined }),
    );
    expect(JSON.parse(line)).toMatchObject({ cyclic: { self: '<cycle>' }, big: '10', map: { a: 1 } });
  });
});

describe('text', () => {
  it('is a line for people', async () => {
    const line = await written({ format: 'text' }, (logger) =>
      logger.info('scaled', { service: 's1', why: 'two wait', n: { a: 1 } }),
    );
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}scaler {3}scaled {2}service=s1 why="two wait" n=\{"a":1\}\n$/,
    );
  });

  it('shows the stack of an error below the line', async () => {
    const lines = (
      await written({ format: 'text' }, (logger) => logger.error('x', { error: new Error('no') }))
    )
      .trim()
      .split('\n');
    expect(lines[0]).toContain('error=no');
    expect(lines[1]).toBe('    Error: no');
    expect(lines[2]).toMatch(/^ {8}at /);
  });
});
