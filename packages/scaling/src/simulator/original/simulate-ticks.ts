import { quantaLimit } from '../../quanta';
import { scaleService } from '../../scale-service';
import type { ClientCurve, TickSimulationConfig } from './simulation-config';
import { advance } from './tick';
import { INITIAL_TICK_STATE, type TickState } from './tick-state';

const MOST_CLIENTS = 100;
const MOST_TICKS = 7200;

/**
 * The original's simulator of closed-loop clients, tick by tick, around the real formula (spec: scaling-and-schedulers
 * 2.3). With constant durations its numbers are those of the original.
 * @returns the state before each tick from 0 to `totalTicks`; the first is the initial one
 * @throws RangeError for parameters out of range
 */
export function simulateTicks(config: TickSimulationConfig, curve: ClientCurve): TickState[] {
  const states: TickState[] = [];
  let state = INITIAL_TICK_STATE;
  for (let tick = 0; tick <= Math.min(MOST_TICKS, config.totalTicks); tick += 1) {
    const scaled = tick % config.scaleTicks === 0 ? scale(config, state) : null;
    const clients = state.totalClients ?? 0;
    const change = Math.max(0, Math.min(MOST_CLIENTS, clients + (curve[tick] ?? 0))) - clients;
    states.push(state);
    state = advance(config, state, {
      tick,
      change,
      scaleAmount: scaled?.amount ?? 0,
      targetInstances: scaled?.target ?? state.targetInstances,
    });
  }
  return states;
}

function scale(config: TickSimulationConfig, state: TickState): { amount: number; target: number } {
  const { outstandingRequests: outstanding, ...rest } = state;
  const result = scaleService(config.scaling, { ...rest, outstanding }, config.scaleTicks);
  const amount =
    config.quanta !== null && result.scaleAmount > 0
      ? quantaLimit(result.scaleAmount, config.resources, config.quanta)
      : result.scaleAmount;
  return { amount, target: result.targetInstances };
}
