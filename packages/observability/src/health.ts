/** What a check found. `message` says what is wrong, in words for an operator. */
export interface CheckResult {
  readonly ok: boolean;
  readonly message?: string;
}

export interface HealthCheck {
  readonly name: string;
  /** A failing critical check makes the whole report `failing`; another one only `degraded`. Default true. */
  readonly critical?: boolean;
  /** Throwing is failing, with the error's message. */
  run(): CheckResult | Promise<CheckResult>;
}

export interface HealthReport {
  readonly status: 'ok' | 'degraded' | 'failing';
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Named checks of one process; a check that hangs counts as failed after `timeoutMs`. */
export class HealthRegistry {
  private readonly checks = new Map<string, HealthCheck>();

  constructor(private readonly timeoutMs = 2_000) {}

  /** @throws Error on a second check of the same name */
  register(check: HealthCheck): void {
    if (this.checks.has(check.name)) throw new Error(`health check ${check.name} exists already`);
    this.checks.set(check.name, check);
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.checks.values()].map(async (check) => ({ check, result: await this.run(check) })),
    );
    const failed = results.filter(({ result }) => !result.ok);
    const status =
      failed.length === 0
        ? 'ok'
        : failed.some(({ check }) => check.critical ?? true)
          ? 'failing'
          : 'degraded';
    return { status, checks: Object.fromEntries(results.map(({ check, result }) => [check.name, result])) };
  }

  private async run(check: HealthCheck): Promise<CheckResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<CheckResult>((resolve) => {
      const message = `no answer within ${this.timeoutMs} ms`;
      timer = setTimeout(() => resolve({ ok: false, message }), this.timeoutMs);
    });
    try {
      return await Promise.race([Promise.resolve().then(() => check.run()), late]);
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}
