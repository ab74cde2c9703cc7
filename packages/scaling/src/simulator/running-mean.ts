/** A mean that forgets: of all values at first, then exponential over about `memory` values. */
export class RunningMean {
  private count = 0;
  private mean = 0;

  constructor(private readonly memory: number) {}

  get value(): number | null {
    return this.count === 0 ? null : this.mean;
  }

  add(value: number): void {
    this.count = Math.min(this.memory, this.count + 1);
    this.mean += (value - this.mean) / this.count;
  }
}
