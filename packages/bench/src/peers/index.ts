import { bareProxy } from './bare-proxy';
import { haproxy } from './haproxy';
import { nginx } from './nginx';

export { startPeer, type Peer, type RunningPeer } from './peer';

export const PEERS = { haproxy, nginx, 'http-proxy': bareProxy } as const;
export type PeerName = keyof typeof PEERS;
