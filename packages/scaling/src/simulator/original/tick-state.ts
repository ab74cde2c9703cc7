/**
 * What the original's simulator knows after a tick (spec: scaling-and-schedulers 2.3, 2.4). The arrays hold absolute ticks:
 * of each client's next request, of completion, of readiness, of arrival in the queue. The last group is absent before
 * the first tick, as in the original.
 */
export interface TickState {
  readonly clientsToKill: number;
  readonly idleClients: readonly number[];
  readonly queuedClients: readonly number[];
  readonly idleServers: number;
  readonly activeRequests: readonly number[];
  readonly startingServers: readonly number[];
  readonly outstandingRequests: number;
  readonly totalInstances: number;
  readonly healthyInstances: number;
  readonly expiredInstances: number;
  readonly totalQueueTime: number;
  readonly totalIdleServerTime: number;
  readonly targetInstances: number;
  readonly scaleUps: number;
  readonly scaleDowns: number;
  readonly totalRequests: number;
  readonly totalUtilization: number;
  readonly totalWaste: number;
  readonly utilizationPercent: number;
  readonly waitTimeMax: number;
  readonly waitTimeMaxEma: number;
  readonly wastePercent: number;

  readonly tick?: number;
  readonly scaleAmount?: number;
  readonly totalClients?: number;
  readonly activatingClients?: number;
  readonly completingRequests?: number;
  readonly availableServers?: number;
  readonly eligibleServers?: number;
  readonly interestedClients?: number;
  readonly serversStarted?: number;
}

export const INITIAL_TICK_STATE: TickState = {
  clientsToKill: 0,
  idleClients: [],
  queuedClients: [],
  idleServers: 0,
  activeRequests: [],
  startingServers: [],
  outstandingRequests: 0,
  totalInstances: 0,
  healthyInstances: 0,
  expiredInstances: 0,
  totalQueueTime: 0,
  totalIdleServerTime: 0,
  targetInstances: 0,
  scaleUps: 0,
  scaleDowns: 0,
  totalRequests: 0,
  totalUtilization: 0,
  totalWaste: 0,
  utilizationPercent: 0,
  waitTimeMax: 0,
  waitTimeMaxEma: 0,
  wastePercent: 0,
};
