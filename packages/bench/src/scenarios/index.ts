import { join } from 'node:path';
import { load, type LoadOptions, type LoadResult } from '../load/load';
import { loadBy } from '../load/program';
import { BROWSER_HEAD, PLAIN_HEAD } from './heads';
import type { RunOptions, Scenario } from './scenario';

export type { Figure, RunOptions, Scenario, Target } from './scenario';

const LUA = join(__dirname, '..', '..', 'lua');
const UPLOAD_BYTES = 102_400;

/** Load by wrk. @param request what is asked, over and over */
const byWrk =
  (request: Pick<LoadOptions, 'headers' | 'script'> & { readonly path?: string }) =>
  ({ url, ...run }: RunOptions): Promise<LoadResult> =>
    load({ ...run, ...request, url: `${url}${request.path ?? '/'}` });

const SMALL = { instance: 'nginx', connections: 64 } as const;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'small-plain': {
    ...SMALL,
    what: 'small reply, plain head',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({ headers: PLAIN_HEAD }),
    targets: [
      { peer: 'haproxy', figure: 'rate', atLeast: 0.85 },
      { peer: 'nginx', figure: 'rate', atLeast: 0.85 },
      { peer: 'http-proxy', figure: 'rate', atLeast: 5 },
    ],
  },
  'small-browser': {
    ...SMALL,
    what: 'small reply, browser-like head',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({ headers: BROWSER_HEAD }),
    targets: [
      { peer: 'haproxy', figure: 'rate', atLeast: 0.8 },
      { peer: 'nginx', figure: 'rate', atLeast: 0.8 },
    ],
  },
  'reply-10k': {
    ...SMALL,
    what: 'reply of 10 KB',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({ headers: PLAIN_HEAD, path: '/files/10k' }),
    targets: [],
  },
  'upload-100k': {
    instance: 'sink',
    connections: 32,
    what: 'upload of 100 KB',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({
      headers: PLAIN_HEAD,
      script: { file: join(LUA, 'upload.lua'), args: [String(UPLOAD_BYTES)] },
    }),
    targets: [{ peer: 'haproxy', figure: 'rate', atLeast: 0.75 }],
  },
  'download-100m': {
    instance: 'nginx',
    connections: 4,
    what: 'download of 100 MB',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({ headers: PLAIN_HEAD, path: '/files/100m' }),
    targets: [{ peer: 'nginx', figure: 'rate', atLeast: 0.7 }],
  },
  'idle-1000': {
    ...SMALL,
    what: 'small reply, plain head, beside 1000 idle connections',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    idle: 1_000,
    load: byWrk({ headers: PLAIN_HEAD }),
    targets: [],
  },
  websocket: {
    instance: 'echo',
    connections: 64,
    what: 'WebSocket echo: short messages, one at a time on each connection',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: loadBy('websocket-load'),
    targets: [],
  },
  grpc: {
    instance: 'grpc-service',
    connections: 64,
    what: 'unary calls of gRPC, so many at once, on connections of HTTP/2 with 8 each',
    peers: ['haproxy', 'nginx'],
    load: loadBy('grpc-load'),
    targets: [],
  },
  'new-connections': {
    ...SMALL,
    what: 'small reply, a new connection for each request',
    peers: ['haproxy', 'nginx', 'http-proxy'],
    load: byWrk({ headers: { ...PLAIN_HEAD, Connection: 'close' } }),
    targets: [],
  },
};
