/** What came of a measurement. */
export interface Outcome {
  /** Requests or runs that failed; any makes the exit code 1. */
  readonly errors: number;
}

/** A target and whether it was met; a missed one is told, not an error: a figure depends on the machine. */
export function verdict(what: string, value: number, atMost: number, unit: string, decimals = 1): string {
  const met = Number(value.toFixed(decimals)) <= atMost;
  return `${what}: ${value.toFixed(decimals)}${unit}, target at most ${atMost}${unit}: ${met ? 'met' : 'MISSED'}`;
}
