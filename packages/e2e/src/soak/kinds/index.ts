import type { Stage } from '../stage';
import type { Traffic } from '../traffic';
import { asyncTraffic } from './async';
import { controlTraffic } from './control';
import { grpcTraffic } from './grpc';
import { http2Traffic } from './http2';
import { plainTraffic } from './plain';
import { protocolTraffic } from './protocols';
import { rudeTraffic } from './rude';
import { webSocketTraffic } from './sockets';

/** Every kind of traffic that the fleet serves. */
export function allTraffic(stage: Stage): Traffic[] {
  return [
    ...plainTraffic(stage),
    ...rudeTraffic(stage),
    ...webSocketTraffic(stage),
    ...http2Traffic(stage),
    ...protocolTraffic(stage),
    grpcTraffic(stage),
    asyncTraffic(stage),
    ...controlTraffic(stage),
  ];
}
