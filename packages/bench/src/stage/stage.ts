/** Where a contest takes place: a router in front of instances that run. */
export interface Stage {
  readonly router: Proxy;
  /** Of the instances. */
  readonly ports: readonly number[];
  /** Everything but the router: bound to the core of the load. */
  readonly otherPids: readonly number[];
  /** For files of contenders; removed with the stage. */
  readonly directory: string;
  /** Port of its Redis. */
  readonly redisPort: number;
}

/** A stage where more routers can be started. */
export interface OpenStage extends Stage {
  /** Another one, which ends with the stage. */
  startRouter(workers: number): Promise<Proxy>;
}

/** Something that proxies. */
export interface Proxy {
  readonly name: string;
  readonly url: string;
  /** Its CPU time counts, and that of everything below it. */
  readonly pid: number;
  /** Bytes in use after a full collection, where that can be asked. */
  memoryInUse?(): Promise<number>;
}

export const TOKEN = 'bench';
export const INSTANCES = 4;
export const CONCURRENCY_LEVEL = 100;
