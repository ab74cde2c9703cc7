import { join } from 'node:path';
import type { Peer } from './peer';

/** What anybody would write with http-proxy. */
export const bareProxy: Peer = {
  name: 'http-proxy',
  command: ({ port, instances }) => [
    process.execPath,
    join(__dirname, '..', 'programs', 'bare-proxy.js'),
    ...[port, ...instances].map(String),
  ],
};
