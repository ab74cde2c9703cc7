import { parseOptions } from './options';
import { kitchenCommand } from './command';

describe('parseOptions', () => {
  it('takes the port from the flag, or from PORT0', () => {
    expect(parseOptions(['-p', '81'], { PORT0: '82' })).toEqual({ port: 81 });
    expect(parseOptions([], { PORT0: '82' })).toEqual({ port: 82 });
    expect(() => parseOptions([], {})).toThrow('give a port');
  });

  it('reads every flag', () => {
    const flags =
      '--port 1 --hostname 127.0.0.2 --start-up-sleep-ms 2 --enable-status-change --log-output file --ssl ' +
      '--enable-health-check-authentication --ws-max-binary-message-size 3 --ws-max-text-message-size 4 ' +
      '--connection-close --keep-alive-timeout-ms 5';
    expect(parseOptions(flags.split(' '), {})).toEqual({
      port: 1,
      hostname: '127.0.0.2',
      startUpSleepMs: 2,
      enableStatusChange: true,
      enableHealthCheckAuthentication: true,
      logOutput: 'file',
      tls: 'environment',
      wsMaxBinaryMessageSize: 3,
      wsMaxTextMessageSize: 4,
      connectionClose: true,
      keepAliveTimeoutMs: 5,
    });
    expect(parseOptions(['-p', '1', '--ssl-self-signed'], {})).toEqual({ port: 1, tls: 'self-signed' });
    expect(parseOptions(['--help'], {})).toBe('help');
  });

  it.each([
    [['-p', 'http'], '--port must be a whole number, not "http"'],
    [['-p', '70000'], 'give a port'],
    [['-p', '1', '--log-output', 'disk'], '--log-output must be one of stdout, stderr, file'],
    [['-p', '1', '--ssl', '--ssl-self-signed'], 'give one of'],
    [['-p', '1', '--colour'], "Unknown option '--colour'"],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv, {})).toThrow(message);
  });
});

describe('kitchenCommand', () => {
  it('is absolute', () => {
    expect(kitchenCommand()).toMatch(/^'?\/.*node'? '?\/.*\/packages\/kitchen\/bin\/kitchen\.js'?$/);
  });
});
