import { duration, integer, optionalText, text, port } from '../option';

/** Where metrics are sent. */
export const statsdOptions = {
  host: optionalText({ description: 'Where statsd listens (UDP). Without it nothing is sent.' }),
  port: port(8125, 'The port that it listens on.'),
  environment: text({ default: 'production', description: 'Part of every metric path.' }),
  server: text({
    default: ({ hostname }) => hostname.split('.')[0] ?? hostname,
    defaultText: 'machine name',
    description: 'Part of the path of what each process counts for itself.',
  }),
  publishInterval: duration({ default: '10s', description: 'How often sums are sent.' }),
  syncInstancesInterval: duration({
    default: '10s',
    description: 'How often the leader counts instances by metric group.',
  }),
  refreshInterval: duration({
    default: '10m',
    description: 'How often the name of the host is looked up.',
  }),
  histogramMaxSize: integer(1, 1_000_000, {
    default: 10_000,
    description: 'Values of a histogram that are kept between two sendings; the oldest go first.',
  }),
} as const;
