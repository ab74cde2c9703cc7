import { newFacts, type RequestFacts, type RequestHead } from '../accept';
import type { ServiceMetrics, WorkerMetrics } from '../worker-metrics';
import type { LineWriter } from './line-writer';
import { logLine, type LoggedResponse, type LogParts } from './request-log';

/** Counts and logs every response head that goes to a client. */
export class Recorder {
  constructor(
    private readonly metrics: WorkerMetrics,
    /** undefined: no request log is kept. */
    private readonly log: LineWriter | undefined,
  ) {}

  get logs(): boolean {
    return this.log !== undefined;
  }

  readonly onHead = (
    head: RequestHead,
    facts: RequestFacts,
    status: number,
    headers: LoggedResponse['headers'],
  ): void => {
    const now = performance.now();
    if (facts.service !== null)
      this.count(this.metrics.of(facts.service.serviceId), head, facts, status, now);
    if (this.log === undefined) return;
    const own = facts.forApi ? 'waiter-api' : 'waiter-proxy';
    const requestType = head.isWebSocket ? 'websocket-upgrade' : own;
    this.log.write(logLine(head, facts, { status, headers, requestType }, undefined, now));
  };

  /** The router itself asked an instance how far it is with an async request. */
  readonly onLook = (
    head: RequestHead,
    { serviceId }: { readonly serviceId: string },
    status: number,
    headers: readonly string[],
  ): void => {
    if (this.log === undefined) return;
    const response = { status, headers, requestType: 'async-status-check', serviceId } as const;
    this.log.write(logLine(head, newFacts(), response));
  };

  /** The same for who has the series and the parts of the line at hand. @param now monotonic milliseconds */
  record(
    head: RequestHead,
    facts: RequestFacts,
    status: number,
    series: ServiceMetrics,
    parts: LogParts | null,
    now: number,
  ): void {
    this.count(series, head, facts, status, now);
    if (parts === null) return;
    this.log?.write(logLine(head, facts, { status, headers: [], requestType: 'waiter-proxy' }, parts, now));
  }

  private count(
    series: ServiceMetrics,
    head: RequestHead,
    { slot }: RequestFacts,
    status: number,
    now: number,
  ): void {
    series.status(status).inc();
    series.unused = 0;
    const seconds = (now - head.startedAt) / 1000;
    series.requestSeconds.observe(seconds);
    if (slot === null) return;
    series.queueSeconds.observe(slot.waitedMs / 1000);
    if (slot.startedAtMs > head.arrivedAtMs) series.coldStartSeconds.observe(seconds);
  }
}
