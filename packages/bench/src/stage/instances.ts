import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What serves behind the proxies: nginx, or a program that reads uploads to their end, echoes WebSockets, or speaks gRPC. */
export type InstanceKind = 'nginx' | 'sink' | 'echo' | 'grpc-service';

/** How a proxy speaks to instances, and to clients. */
export type Protocol = 'http' | 'websocket' | 'h2c';

export function protocolOf(kind: InstanceKind): Protocol {
  if (kind === 'grpc-service') return 'h2c';
  return kind === 'echo' ? 'websocket' : 'http';
}

const PROGRAMS = join(__dirname, '..', 'programs');
const CONFIG = 'instance.conf';

/** nginx without logs; `PORT` is replaced at the start of each instance. */
const NGINX = `daemon off;
master_process off;
pid nginx-PORT.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  default_type text/plain;
  keepalive_timeout 300;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:PORT backlog=4096;
    root .;
    location / { return 200 "Hello, World\\n"; }
    location /files/ { }
  }
}
`;

/** Files that instances serve below `/files/`, and their sizes in bytes. */
export const FILES = { '10k': 10_240, '100m': 100 * 1024 * 1024 } as const;

/** Writes what instances need into `directory`, which must exist. */
export function prepareInstances(directory: string): void {
  writeFileSync(join(directory, CONFIG), NGINX);
  const files = join(directory, 'files');
  mkdirSync(files, { recursive: true });
  for (const [name, size] of Object.entries(FILES)) writeFileSync(join(files, name), Buffer.alloc(size, 'x'));
}

/** Shell command of an instance, which finds its port in `$PORT0`. */
export function instanceCommand(kind: InstanceKind, directory: string): string {
  if (kind !== 'nginx') return `exec ${process.execPath} ${join(PROGRAMS, `${kind}.js`)} $PORT0`;
  const own = join(directory, `instance-$PORT0.conf`);
  return `sed "s/PORT/$PORT0/g" ${join(directory, CONFIG)} > ${own} && exec nginx -p ${directory} -c ${own}`;
}
