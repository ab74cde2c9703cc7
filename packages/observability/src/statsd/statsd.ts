import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Logger } from '../logger';
import { StatsdAggregate, type AggregateOptions } from './aggregate';

/** What is counted for statsd. Groups are metric groups of services. */
export interface Statsd {
  readonly enabled: boolean;
  counter(group: string, metric: string, by?: number): void;
  gauge(group: string, metric: string, value: number): void;
  gaugeDelta(group: string, metric: string, by: number): void;
  histogram(group: string, metric: string, value: number): void;
  /** What was counted since it was last sent. */
  state(): Record<string, Record<string, Record<string, number | number[]>>>;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface StatsdOptions extends AggregateOptions {
  readonly host: string;
  readonly port: number;
  readonly publishIntervalMs: number;
  /** How often the name of the host is looked up. */
  readonly refreshIntervalMs: number;
  readonly logger: Logger;
}

const nothing = (): void => undefined;

/** Where no statsd is configured. */
export const NO_STATSD: Statsd = {
  enabled: false,
  counter: nothing,
  gauge: nothing,
  gaugeDelta: nothing,
  histogram: nothing,
  state: () => ({}),
  close: async () => undefined,
};

/** What fits into one datagram on an ordinary network. */
const DATAGRAM_BYTES = 1_400;

/**
 * Sums up and sends to statsd over UDP (spec: scaling-and-schedulers 8.6). An own writer of few lines: libraries send each
 * value by itself, or do not know gauges of a fleet. What cannot be sent is dropped and said once per address.
 */
export function startStatsd(options: StatsdOptions): Statsd {
  const aggregate = new StatsdAggregate(options);
  const socket = createSocket({ type: 'udp4' }).unref();
  let address: string | null = null;
  let complained: string | null = null;
  const complain = (what: string, error: unknown): void => {
    if (complained === what) return;
    complained = what;
    options.logger.warn(`statsd: ${what}`, { host: options.host, error });
  };
  socket.on('error', (error) => complain('socket', error));

  const resolve = async (): Promise<void> => {
    try {
      ({ address } = await lookup(options.host, { family: 4 }));
      complained = null;
    } catch (error) {
      complain('its host is not known', error);
    }
  };
  const send = (datagram: string): Promise<void> =>
    new Promise((done) => {
      if (address === null) return done();
      socket.send(datagram, options.port, address, (error) => {
        if (error !== null) complain('could not be reached', error);
        done();
      });
    });
  const publish = async (): Promise<void> => {
    if (address === null) await resolve();
    await Promise.all(datagrams(aggregate.flush()).map(send));
  };
  const timers = [
    setInterval(() => void publish(), options.publishIntervalMs).unref(),
    setInterval(() => void resolve(), options.refreshIntervalMs).unref(),
  ];
  return {
    enabled: true,
    counter: (group, metric, by) => aggregate.counter(group, metric, by),
    gauge: (group, metric, value) => aggregate.gauge(group, metric, value),
    gaugeDelta: (group, metric, by) => aggregate.gaugeDelta(group, metric, by),
    histogram: (group, metric, value) => aggregate.histogram(group, metric, value),
    state: () => aggregate.state(),
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      await publish();
      socket.close();
    },
  };
}

/** Lines in as few datagrams as hold them. */
function datagrams(lines: readonly string[]): string[] {
  const found: string[] = [];
  let current = '';
  for (const line of lines) {
    if (current !== '' && current.length + 1 + line.length > DATAGRAM_BYTES) {
      found.push(current);
      current = '';
    }
    current = current === '' ? line : `${current}\n${line}`;
  }
  return current === '' ? found : [...found, current];
}
