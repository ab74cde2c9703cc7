import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONCURRENCY_LEVEL } from '../stage/stage';
import type { Peer } from './peer';

/** HAProxy with one thread a worker, least connections, `maxconn` per server: the nearest thing to slots; no log. */
export const haproxy: Peer = {
  name: 'haproxy',
  command({ port, instances, directory, protocol, workers }) {
    const file = join(directory, `peer-haproxy-${port}.cfg`);
    const spoken = protocol === 'h2c' ? ' proto h2' : '';
    const servers = instances.map(
      (one) => `  server s${one} 127.0.0.1:${one} maxconn ${CONCURRENCY_LEVEL} pool-max-conn -1${spoken}`,
    );
    writeFileSync(
      file,
      `global
  nbthread ${workers}
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout queue 300s
  timeout tunnel 300s
  timeout http-keep-alive 300s
frontend front
  bind 127.0.0.1:${port} backlog 4096${spoken}
  default_backend instances
backend instances
  balance leastconn
  http-reuse always
${servers.join('\n')}
`,
    );
    return ['haproxy', '-db', '-f', file];
  },
};
