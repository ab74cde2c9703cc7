import type { MetricsSnapshot } from '@waiter/observability';
import type { RouterOptions } from '../options';

/** What a worker tells its control process. */
export type WorkerMessage =
  /** It listens for messages now. */
  | { readonly type: 'hello' }
  | { readonly type: 'ready'; readonly port: number; readonly tlsPort: number | null }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'nudge'; readonly service: string }
  | { readonly type: 'metrics'; readonly id: number; readonly snapshot: MetricsSnapshot };

/** What the control process tells a worker. Options go this way, because an environment can be read by others. */
export type ControlMessage =
  | { readonly type: 'start'; readonly workerId: string; readonly options: RouterOptions }
  | { readonly type: 'drain' }
  | { readonly type: 'metrics'; readonly id: number };
