import type { Stage } from '../stage';
import type { Traffic } from '../traffic';
import { controlTraffic } from './control';
import { http2Traffic } from './http2';
import { plainTraffic } from './plain';
import { rudeTraffic } from './rude';
import { webSocketTraffic } from './sockets';

/** Every kind of traffic that the fleet serves. */
export function allTraffic(stage: Stage): Traffic[] {
  return [
    ...plainTraffic(stage),
    ...rudeTraffic(stage),
    webSocketTraffic(stage),
    http2Traffic(stage),
    ...controlTraffic(stage),
  ];
}
