import type { TickSimulationConfig } from './simulation-config';
import type { TickState } from './tick-state';

/** What the driver decided for one tick. */
export interface TickInput {
  readonly tick: number;
  /** Clients that come or leave now. */
  readonly change: number;
  readonly scaleAmount: number;
  readonly targetInstances: number;
}

const countEqual = (ticks: readonly number[], tick: number): number =>
  ticks.filter((at) => at === tick).length;
const later = (ticks: readonly number[], tick: number): number[] => ticks.filter((at) => at > tick);

/** One tick of the original's model, in its order (spec: scaling-and-schedulers 2.4; the numbers are its steps). */
export function advance(config: TickSimulationConfig, state: TickState, input: TickInput): TickState {
  const { tick, change, scaleAmount, targetInstances } = input;
  const spread = (mean: number): number =>
    config.normal === null ? mean : Math.trunc(Math.max(1, mean + config.normal() * mean * 0.1));
  const at = (mean: number, count: number): number[] =>
    Array.from({ length: count }, () => tick + spread(mean));

  // 1, 2
  const completing = countEqual(state.activeRequests, tick);
  const activating = countEqual(state.idleClients, tick);
  let kill = state.clientsToKill + Math.max(0, -change);
  const take = (available: number): number => {
    const taken = Math.min(available, kill);
    kill -= taken;
    return taken;
  };
  // 3
  const stayCompleting = completing - take(completing);
  // 4, 5
  const thinking = later(state.idleClients, tick);
  const idleClients = [
    ...thinking.slice(take(thinking.length)),
    ...at(config.idleTicks, Math.max(0, change) + stayCompleting),
  ];
  // 6, 7
  const remove = Math.max(0, -scaleAmount);
  const waitingServers = later(state.startingServers, tick);
  const startingKilled = Math.min(waitingServers.length, remove);
  const idleKilled = Math.max(0, remove - startingKilled);
  const startingServers = [
    ...waitingServers.slice(0, waitingServers.length - startingKilled),
    ...at(config.startupTicks, Math.max(0, scaleAmount)),
  ];
  const started = countEqual(state.startingServers, tick);
  // 8: every completing request frees a server, also those whose client leaves
  const eligible = state.idleServers + completing + started;
  const available = Math.max(0, eligible - idleKilled);
  // 9, 10
  const stayActivating = activating - take(activating);
  const queueKilled = config.clientsExitImmediately ? take(state.queuedClients.length) : 0;
  // 11
  const interested = state.queuedClients.length - queueKilled + stayActivating;
  const created = Math.min(interested, available);
  // 12, 13
  const queue = [...state.queuedClients, ...Array.from({ length: stayActivating }, () => tick)];
  const waitTimeMax = queue.reduce((longest, since) => Math.max(longest, tick - since), 0);
  const queuedClients = queue.slice(queueKilled + created);
  // 14
  const running = later(state.activeRequests, tick);
  const cancelled = config.clientsExitImmediately ? Math.min(running.length, kill) : 0;
  if (config.countCancelledDepartures) kill -= cancelled;
  // 15, 16, 17
  const activeRequests = [...running.slice(cancelled), ...at(config.requestTicks, created)];
  const idleServers = Math.max(0, available - interested) + cancelled;
  const active = activeRequests.length;
  const total = startingServers.length + active + idleServers;
  const utilizationPercent = total > 0 ? (100 * active) / total : 0;

  return {
    ...state,
    tick,
    scaleAmount,
    targetInstances,
    clientsToKill: kill,
    idleClients,
    queuedClients,
    idleServers,
    activeRequests,
    startingServers,
    outstandingRequests: active + queuedClients.length,
    totalInstances: total,
    healthyInstances: active + idleServers,
    totalClients: active + idleClients.length + queuedClients.length,
    totalQueueTime: state.totalQueueTime + state.queuedClients.length,
    totalIdleServerTime: state.totalIdleServerTime + state.idleServers,
    scaleUps: state.scaleUps + (scaleAmount > 0 ? 1 : 0),
    scaleDowns: state.scaleDowns + (scaleAmount < 0 ? 1 : 0),
    totalRequests: state.totalRequests + stayActivating,
    totalUtilization: state.totalUtilization + active,
    totalWaste: state.totalWaste + total - active,
    utilizationPercent,
    wastePercent: total > 0 ? 100 - utilizationPercent : 0,
    waitTimeMax,
    waitTimeMaxEma: 0.1 * waitTimeMax + 0.9 * state.waitTimeMaxEma,
    activatingClients: activating,
    completingRequests: completing,
    availableServers: available,
    eligibleServers: eligible,
    interestedClients: interested,
    serversStarted: started,
  };
}
