/** One decision of the scaler as `/apps/<id>/decisions` tells it. */
interface Decision {
  readonly 'decision-id': string;
  readonly kind: string;
  readonly reason: string;
  readonly outcome: string;
  readonly time: string;
}

/** What one service looks like at one moment. */
export interface Sight {
  readonly demand: number;
  readonly healthy: number;
  readonly starting: number;
}

const bar = (filled: number, rising: number): string => '█'.repeat(filled) + '░'.repeat(rising);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(5)} s`;

/** Instance ids are long; their first characters tell them apart. */
const shortened = (text: string): string =>
  text.replace(/\S+\.(?:instance-)?([0-9a-f]{8})-[0-9a-f-]+(?:\._app\.\d+)?/g, 'instance $1');

/** Follows one service through the control API and prints what happens, for people. */
export class Timeline {
  private readonly seen = new Set<string>();
  private readonly startedAt = performance.now();
  private lastLine = '';
  /** Most healthy instances at once. */
  peak = 0;

  constructor(
    private readonly routerUrl: string,
    private readonly print: (line: string) => void,
  ) {}

  say(text: string): void {
    this.print(`${seconds(performance.now() - this.startedAt)}  ${text}`);
  }

  /** Looks once, prints what is new. */
  async look(serviceId: string): Promise<Sight> {
    const [app, decided] = await Promise.all([
      this.get<{
        instances: { 'active-instances': { 'healthy?': boolean }[] };
        'request-metrics': { outstanding?: number };
      }>(`/apps/${serviceId}`),
      this.get<{ decisions: Decision[] }>(`/apps/${serviceId}/decisions?length=50`),
    ]);
    for (const decision of [...(decided?.decisions ?? [])].reverse()) this.tell(decision);
    const active = app?.instances['active-instances'] ?? [];
    const healthy = active.filter((instance) => instance['healthy?']).length;
    const sight = {
      demand: app?.['request-metrics'].outstanding ?? 0,
      healthy,
      starting: active.length - healthy,
    };
    this.peak = Math.max(this.peak, healthy);
    const line = `demand ${String(sight.demand).padStart(3)}   instances ${String(healthy).padStart(2)} ${bar(healthy, sight.starting)}`;
    if (line !== this.lastLine) this.say(line);
    this.lastLine = line;
    return sight;
  }

  private tell(decision: Decision): void {
    const id = decision['decision-id'];
    if (this.seen.has(id)) return;
    this.seen.add(id);
    if (decision.kind === 'none') return;
    this.say(`    → ${shortened(`${decision.reason}: ${decision.outcome}`)}`);
  }

  private async get<T>(path: string): Promise<T | null> {
    const response = await fetch(`${this.routerUrl}${path}`, { headers: { accept: 'application/json' } });
    return response.status === 200 ? ((await response.json()) as T) : null;
  }
}
