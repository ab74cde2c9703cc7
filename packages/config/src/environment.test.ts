import { environmentOf } from './environment';
import { loadConfig } from './load';

describe('environmentOf', () => {
  it('reads back to the same configuration', () => {
    const config = loadConfig({
      flags: {
        'router-port': '1234',
        passwords: 'a,b',
        'router-queue-timeout': '5s',
        'marathon-urls': 'http://a:1,http://b:2',
      },
    });
    expect(loadConfig({ env: environmentOf(config) })).toEqual(config);
  });
});
