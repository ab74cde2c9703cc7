import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONCURRENCY_LEVEL } from '../stage/stage';
import type { Peer } from './peer';

/** With every proxied request to HTTP/1.1. */
const TO_HTTP1 = ['proxy_pass http://instances;', 'proxy_http_version 1.1;', 'proxy_set_header Host $host;'];

const PASS = {
  http: [...TO_HTTP1, 'proxy_set_header Connection "";', 'proxy_request_buffering off;'],
  websocket: [
    ...TO_HTTP1,
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection upgrade;',
    'proxy_read_timeout 300s;',
  ],
  h2c: ['grpc_pass grpc://instances;'],
} as const;

/** nginx, least connections, at most as many connections to an instance as it has slots; no log. */
export const nginx: Peer = {
  name: 'nginx',
  command({ port, instances, directory, protocol, workers }) {
    const servers = instances.map(
      (one) => `server 127.0.0.1:${one} max_conns=${CONCURRENCY_LEVEL} max_fails=0;`,
    );
    const file = join(directory, `peer-nginx-${port}.conf`);
    writeFileSync(
      file,
      `daemon off;
${workers === 1 ? 'master_process off' : `worker_processes ${workers}`};
pid peer-nginx-${port}.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_timeout 300;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  upstream instances {
    zone instances 64k;
    least_conn;
    ${servers.join('\n    ')}
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port}${protocol === 'h2c' ? ' http2' : ''} backlog=4096;
    location / {
      ${PASS[protocol].join('\n      ')}
    }
  }
}
`,
    );
    return ['nginx', '-p', directory, '-c', file];
  },
};
