import type { Observation } from '../policies/policy';
import { sampler } from './distribution';
import { EventQueue } from './event-queue';
import { Waits } from './figures';
import { Fleet } from './fleet';
import { RunningMean } from './running-mean';
import { randomStream } from './random';
import type { RequestSimulationOptions, RequestSimulationResult } from './simulate-requests';
import { Timeline } from './timeline';

/** The event loop of one run: arrivals, completions, instances that become ready, evaluations; earliest first. */
export class RequestSimulation {
  private readonly fleet: Fleet;
  private readonly timeline: Timeline;
  private readonly waits: Waits;
  private readonly completions = new EventQueue();
  private readonly readiness = new EventQueue();
  private readonly drawService: () => number;
  private readonly drawStartup: () => number;
  private readonly drawRouter: () => number;
  private readonly serviceMean = new RunningMean(200);
  private readonly startupMean = new RunningMean(10);
  private memory: unknown = null;
  private nowMs = 0;
  private nextEvaluationMs = 0;
  /** When a queue that has formed is to be looked at; Infinity: none is. */
  private queueLookAtMs = Number.POSITIVE_INFINITY;
  private lastEvaluationMs: number | null = null;
  private evaluatedDemandMs = 0;
  private evaluatedArrivals = 0;
  private evaluations = 0;
  /** Requests come in order and are served in order: two counts are the whole queue. */
  private arrived = 0;
  private served = 0;
  private inFlight = 0;
  /** By request: where it is served and since when. */
  private readonly instances: Int32Array;
  private readonly dispatchedMs: Float64Array;
  /** By instance. */
  private readonly requestedMs: number[] = [];
  private coldStarts = 0;

  constructor(private readonly options: RequestSimulationOptions) {
    const { seed, routers, limits, lengthMs, samples = 0 } = options;
    this.instances = new Int32Array(options.arrivals.length);
    this.dispatchedMs = new Float64Array(options.arrivals.length);
    this.fleet = new Fleet(limits.concurrencyLevel, routers);
    this.timeline = new Timeline(samples > 0 ? lengthMs / samples : Number.POSITIVE_INFINITY);
    this.waits = new Waits(options.startup.meanMs);
    this.drawService = sampler(options.service, randomStream(seed, 'service'));
    this.drawStartup = sampler(options.startup, randomStream(seed, 'startup'));
    const routerStream = randomStream(seed, 'routers');
    this.drawRouter = routers === 1 ? () => 0 : () => Math.floor(routerStream() * routers);
  }

  run(): void {
    const { arrivals, lengthMs, limits, initialInstances = limits.minInstances } = this.options;
    for (const id of this.fleet.grow(initialInstances)) this.fleet.becomeReady(id);
    // The instances that are there were started once, and that was measured.
    if (initialInstances > 0) this.startupMean.add(this.drawStartup());
    while (this.served < arrivals.length || this.inFlight > 0 || this.nextEvaluationMs < lengthMs) {
      const arrivalMs = arrivals[this.arrived] ?? Number.POSITIVE_INFINITY;
      const completionMs = this.completions.nextMs;
      const readyMs = this.readiness.nextMs;
      const nextMs = Math.min(arrivalMs, completionMs, readyMs, this.nextEvaluationMs, this.queueLookAtMs);
      this.advance(nextMs);
      // At the same time: slots become free before they are wanted, and a policy sees what has happened.
      if (nextMs === completionMs) this.complete();
      else if (nextMs === readyMs) this.becomeReady();
      else if (nextMs === arrivalMs) this.arrive();
      else if (nextMs === this.queueLookAtMs) this.lookAtQueue();
      else {
        this.nextEvaluationMs = nextMs + this.options.policy.intervalMs;
        this.evaluate();
      }
    }
    this.advance(Math.max(this.nowMs, lengthMs));
  }

  result(): Omit<RequestSimulationResult, 'policy'> {
    const { aliveMs, busyMs, samples } = this.timeline;
    return {
      ...this.waits.figures(),
      instanceSeconds: aliveMs / 1000,
      startsPlusStops: this.fleet.starts + this.fleet.stops,
      coldStarts: this.coldStarts,
      utilization: aliveMs > 0 ? busyMs / (aliveMs * this.options.limits.concurrencyLevel) : 0,
      evaluations: this.evaluations,
      timeline: samples,
    };
  }

  private advance(toMs: number): void {
    this.timeline.advance(toMs, this.inFlight, this.arrived - this.served, this.fleet.alive);
    this.nowMs = toMs;
  }

  private arrive(): void {
    const alone = this.arrived === this.served;
    this.arrived += 1;
    if (alone && this.fleet.ready === 0) this.coldStarts += 1;
    if (this.fleet.total === 0) this.evaluate();
    this.dispatch();
    const { queueLookMs } = this.options.policy;
    const formed = this.arrived > this.served && this.queueLookAtMs === Number.POSITIVE_INFINITY;
    if (formed && queueLookMs !== null) this.queueLookAtMs = this.nowMs + queueLookMs;
  }

  private lookAtQueue(): void {
    this.queueLookAtMs = Number.POSITIVE_INFINITY;
    if (this.arrived > this.served) this.evaluate();
  }

  private complete(): void {
    const request = this.completions.pop();
    this.serviceMean.add(this.nowMs - (this.dispatchedMs[request] ?? 0));
    this.fleet.release(this.instances[request] ?? -1);
    this.inFlight -= 1;
    this.dispatch();
  }

  private becomeReady(): void {
    const id = this.readiness.pop();
    if (!this.fleet.becomeReady(id)) return;
    this.startupMean.add(this.nowMs - (this.requestedMs[id] ?? 0));
    this.dispatch();
  }

  private dispatch(): void {
    while (this.served < this.arrived) {
      const id = this.fleet.take(this.drawRouter());
      if (id < 0) return;
      this.waits.add(this.nowMs - (this.options.arrivals[this.served] ?? this.nowMs));
      this.instances[this.served] = id;
      this.dispatchedMs[this.served] = this.nowMs;
      this.completions.push(this.nowMs + this.drawService(), this.served);
      this.served += 1;
      this.inFlight += 1;
    }
  }

  private evaluate(): void {
    const { policy, limits } = this.options;
    const { fleet } = this;
    this.evaluations += 1;
    const decision = policy.decide(limits, this.observe(), this.memory);
    this.memory = decision.memory;
    const waiting = this.arrived > this.served;
    // Whatever a policy says, the last instance is not taken from those who wait.
    const wanted = waiting ? Math.max(1, decision.instances) : decision.instances;
    if (wanted > fleet.total) {
      for (const id of fleet.grow(wanted - fleet.total)) {
        this.requestedMs[id] = this.nowMs;
        this.readiness.push(this.nowMs + this.drawStartup(), id);
      }
      this.dispatch();
    } else if (wanted < fleet.total) {
      fleet.shrink(Math.min(fleet.total - wanted, policy.stopsPerEvaluation ?? Number.POSITIVE_INFINITY));
    }
  }

  private observe(): Observation {
    const elapsedMs = this.lastEvaluationMs === null ? 0 : this.nowMs - this.lastEvaluationMs;
    const queued = this.arrived - this.served;
    const demandMs = this.timeline.demandMs - this.evaluatedDemandMs;
    const arrivals = this.arrived - this.evaluatedArrivals;
    this.lastEvaluationMs = this.nowMs;
    this.evaluatedDemandMs = this.timeline.demandMs;
    this.evaluatedArrivals = this.arrived;
    return {
      nowMs: this.nowMs,
      elapsedMs,
      inFlight: this.inFlight,
      queued,
      meanDemand: elapsedMs > 0 ? demandMs / elapsedMs : this.inFlight + queued,
      arrivals,
      total: this.fleet.total,
      ready: this.fleet.ready,
      startupMs: this.startupMean.value,
      serviceMs: this.serviceMean.value,
    };
  }
}
