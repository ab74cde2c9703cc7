import type { ServiceId, ServiceParameters } from '@waiter/core';
import type { Scheduler, ServiceSpec } from '../port';

/** What the suite needs to try out a driver against its real scheduler. */
export interface SchedulerHarness {
  readonly scheduler: Scheduler;
  /** An id that the driver takes for one of ours, not used before. */
  newServiceId(): ServiceId;
  /**
   * A complete spec of a service that runs this command, is checked by `GET /` each second and has 64 MB of memory.
   * @param more parameters that it has as well
   */
  spec(id: ServiceId, command: string, instances: number, more?: ServiceParameters): ServiceSpec;
  /**
   * A command that listens on `$PORT0` and answers every GET with its environment as JSON: with status 200, and with 500 from
   * `GET /fail` on. It must end on SIGTERM.
   */
  readonly serveCommand: string;
  /** A command that takes more memory than the service has. */
  readonly greedyCommand: string;
  /** Another driver of the same scheduler, as of another process. It is closed with the harness. */
  another(): Scheduler;
  /** Makes the scheduler unreachable while `during` runs, and ends all its connections. */
  interrupt(during: () => Promise<void>): Promise<void>;
  /** Frees everything, the driver included. */
  close(): Promise<void>;
}
