/** Loaded into every process of a soak, see `COLLECTING` in processes.ts. */
process.on('SIGUSR2', () => globalThis.gc?.());
