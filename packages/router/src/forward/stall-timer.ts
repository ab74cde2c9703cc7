/** Fires when something that was told to wait was not told to go on in time. */
export class StallTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly onStall: () => void,
  ) {}

  wait(): void {
    this.timer ??= setTimeout(this.onStall, this.timeoutMs);
  }

  proceed(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
