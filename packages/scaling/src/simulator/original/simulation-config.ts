import { DEFAULT_SCALING, type ScalingConfig } from '../../scaling-config';
import type { Resources } from '../../quanta';

/** Parameters of one run of the original's simulator; times are ticks (spec: scaling-and-schedulers 2.2). */
export interface TickSimulationConfig {
  readonly scaling: ScalingConfig;
  /** Departing clients may abandon the queue and running requests. */
  readonly clientsExitImmediately: boolean;
  /** What one instance claims; only used with `quanta`. */
  readonly resources: Resources;
  /** The most that one scale-up may claim; null for no limit. */
  readonly quanta: Resources | null;
  /** Think time of a client between two requests. */
  readonly idleTicks: number;
  readonly requestTicks: number;
  readonly startupTicks: number;
  /** Scaling is evaluated when the tick is a multiple of this, which is also the T of the formula. */
  readonly scaleTicks: number;
  /** At most 7200. */
  readonly totalTicks: number;
  /** Standard normal numbers to spread the three durations with; null keeps them constant. */
  readonly normal: (() => number) | null;
  /**
   * Corrects an accident of the original: a departure that cancels a running request stays pending there and takes another
   * client later (trace C). Off by default, to be comparable.
   */
  readonly countCancelledDepartures: boolean;
}

export const TICK_SIMULATION_DEFAULTS: TickSimulationConfig = {
  scaling: { ...DEFAULT_SCALING, scaleDownFactor: 0.01, maxInstances: 1000 },
  clientsExitImmediately: true,
  resources: { cpus: 2, mem: 256 },
  quanta: null,
  idleTicks: 2,
  requestTicks: 5,
  startupTicks: 500,
  scaleTicks: 1,
  totalTicks: 3600,
  normal: null,
  countCancelledDepartures: false,
};

/** Clients that come (positive) or leave (negative), by tick. */
export type ClientCurve = Readonly<Record<number, number>>;
