const WINDOW_MS = 1_000;
const WINDOWS = 10;

/** Greatest number of slots in use, over the last seconds. */
export class Peaks {
  private readonly windows = new Array<number>(WINDOWS).fill(0);
  private current = 0;
  private endsAt = 0;
  /** Greatest number in the current window. */
  private highest = -1;

  note(nowMs: number, inUse: number): void {
    if (inUse <= this.highest && nowMs < this.endsAt) return;
    this.advance(nowMs);
    const index = this.current % WINDOWS;
    this.highest = Math.max(inUse, this.windows[index] ?? 0);
    this.windows[index] = this.highest;
  }

  /** Over the last `windows` seconds, this one included; 10 at most. */
  peak(nowMs: number, windows: number): number {
    this.advance(nowMs);
    let peak = 0;
    for (let i = 0; i < Math.min(windows, WINDOWS); i += 1) {
      peak = Math.max(peak, this.windows[(this.current - i + WINDOWS * 2) % WINDOWS] ?? 0);
    }
    return peak;
  }

  private advance(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    for (let step = Math.min(window - this.current, WINDOWS); step > 0; step -= 1) {
      this.windows[(window - step + 1) % WINDOWS] = 0;
    }
    if (window <= this.current) return;
    this.current = window;
    this.endsAt = (window + 1) * WINDOW_MS;
    this.highest = -1;
  }
}
