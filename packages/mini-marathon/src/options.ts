import type { Logger } from './logger';

export interface MiniMarathonOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Holds sandboxes and all state. One server at a time; the next one goes on with what it finds. */
  readonly dataDir: string;
  readonly logger?: Logger;
  /** What tasks report as their host, and where they are health-checked. Default 127.0.0.1. */
  readonly taskHost?: string;
  /** Host ports for tasks, both ends included. Default 31000 to 32000. */
  readonly portRange?: readonly [number, number];
  /** `user:password` that the API asks for (HTTP basic authentication). Default: none. */
  readonly credentials?: string | undefined;
  /** Host name under which this server names itself as leader. Default: `host`. */
  readonly advertisedHost?: string;
  /** How many sandboxes of ended tasks are kept. Default 200. */
  readonly keepSandboxes?: number;
  /** Whether `close` leaves tasks running and apps in place, for the next server. Default false. */
  readonly keepTasks?: boolean;
  /**
   * Whether a server whose data directory is another's waits for it, passing requests on to that one meanwhile; otherwise it does
   * not start. Default false.
   */
  readonly standby?: boolean;
  /** Whether tasks that take more memory than their app's `mem` are ended. Default true. */
  readonly enforceMemory?: boolean;
}
