/** Resources: CPUs and memory in megabytes, for one instance or for a whole call. */
export interface Resources {
  readonly cpus: number;
  readonly mem: number;
}

/** What one scheduler call may ask for at most, by default (spec: scaling-and-schedulers 1.9): 64 CPUs, 512 GiB. */
export const DEFAULT_QUANTA: Resources = { cpus: 64, mem: 524_288 };

/**
 * How many of `amount` new instances one scheduler call may ask for: what fits the quanta, but always at least one.
 * An instance that claims no CPU or memory is not limited by it.
 */
export function quantaLimit(amount: number, instance: Resources, quanta: Resources): number {
  const fit = (available: number, each: number): number =>
    each > 0 ? Math.floor(available / each) : Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(amount, fit(quanta.cpus, instance.cpus), fit(quanta.mem, instance.mem)));
}
