import { existsSync } from 'node:fs';
import { rawRequest } from './raw-request';
import { startRedis, type RedisServer } from './redis-server';

async function command(server: RedisServer, line: string): Promise<string> {
  return (await rawRequest(server.port, `${line}\r\n`, { until: /\r\n$/ })).text;
}

describe('startRedis', () => {
  it('refuses to evict, keeps nothing on disk unless asked, and removes its directory', async () => {
    const redis = await startRedis();
    expect(await command(redis, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await command(redis, 'CONFIG GET appendonly')).toContain('no');
    expect(existsSync(redis.dir)).toBe(true);
    await redis.stop();
    expect(existsSync(redis.dir)).toBe(false);
    await expect(command(redis, 'PING')).rejects.toThrow('ECONNREFUSED');
  });

  it('with an append-only file keeps its data over SIGKILL and restart', async () => {
    const redis = await startRedis({ appendonly: true, args: ['--appendfsync', 'always'] });
    const { pid } = redis;
    expect(await command(redis, 'SET answer 42')).toBe('+OK\r\n');
    await redis.kill();
    await redis.restart();
    expect(redis.pid).not.toBe(pid);
    expect(await command(redis, 'GET answer')).toBe('$2\r\n42\r\n');
    await redis.restart();
    expect(await command(redis, 'GET answer')).toBe('$2\r\n42\r\n');
    await redis.stop();
  });

  it('says what to install when there is no redis-server', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      await expect(startRedis()).rejects.toThrow(
        /redis-server is not on PATH: .*apt-get install redis-server/,
      );
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});
