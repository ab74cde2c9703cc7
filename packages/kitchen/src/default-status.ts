import type { Exchange } from './exchange';

/** The status of every greeting, health checks included; a request may change it if the kitchen allows that. */
export class DefaultStatus {
  private value = 200;
  private until = Infinity;

  constructor(private readonly changeable: boolean) {}

  get(): number {
    if (performance.now() >= this.until) this.value = 200;
    return this.value;
  }

  /** By `x-kitchen-default-status-value`, for `x-kitchen-default-status-timeout` ms or until changed again. */
  changeBy(exchange: Exchange): void {
    const value = exchange.number('default-status-value');
    if (!this.changeable || value === undefined || value < 200 || value > 599) return;
    this.value = value;
    this.until = performance.now() + (exchange.number('default-status-timeout') ?? Infinity);
  }
}
