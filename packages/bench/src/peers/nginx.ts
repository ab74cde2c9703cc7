import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONCURRENCY_LEVEL } from '../stage/stage';
import type { Peer } from './peer';

/** nginx with one worker, least connections, at most as many connections to an instance as it has slots; no log. */
export const nginx: Peer = {
  name: 'nginx',
  command(port, instances, directory) {
    const servers = instances.map((one) => `server 127.0.0.1:${one} max_conns=${CONCURRENCY_LEVEL};`);
    const file = join(directory, 'peer-nginx.conf');
    writeFileSync(
      file,
      `daemon off;
master_process off;
pid peer-nginx.pid;
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
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://instances;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_request_buffering off;
    }
  }
}
`,
    );
    return ['nginx', '-p', directory, '-c', file];
  },
};
