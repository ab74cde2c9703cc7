/** How a metric of the original is written: a bare number, or a map with its value (spec: scaling-and-schedulers 8.5). */
export type OriginalKind = 'counter' | 'gauge' | 'meter' | 'timer' | 'histogram';

/** Where a series of ours stands in the original's tree. */
export interface Place {
  readonly kind: OriginalKind;
  readonly path: readonly string[];
}

export type SeriesLabels = Readonly<Record<string, string | number>>;
type Rule = (labels: SeriesLabels) => readonly Place[];

const of = (labels: SeriesLabels, name: string): string => String(labels[name] ?? 'unknown');
const service = (labels: SeriesLabels, kind: OriginalKind, ...path: string[]): Place => ({
  kind,
  path: ['services', of(labels, 'service'), `${kind}s`, ...path],
});
const waiter = (kind: OriginalKind, classifier: string, ...path: string[]): Place => ({
  kind,
  path: ['waiter', classifier, `${kind}s`, ...path],
});
const jvm = (...path: string[]): Place => ({ kind: 'gauge', path: ['jvm', ...path] });

const PHASES: Readonly<Record<string, string>> = {
  scheduled: 'schedule-time',
  started: 'start-time',
  ready: 'startup-time',
};

/** Our names, without the prefix, that have one of the original's. Any other name is placed by its words. */
const RULES: Readonly<Record<string, Rule>> = {
  requests_total: (labels) => {
    const status = of(labels, 'status');
    const counts = ['total', ...(/^[23]/.test(status) ? ['successful'] : [])];
    return [
      ...counts.map((name) => service(labels, 'counter', 'request-counts', name)),
      service(labels, 'meter', 'request-rate'),
      service(labels, 'meter', 'response-status-rate', status),
    ];
  },
  requests_outstanding: (labels) => [service(labels, 'counter', 'request-counts', 'outstanding')],
  request_seconds: (labels) => [service(labels, 'timer', 'process')],
  queue_seconds: (labels) => [service(labels, 'timer', 'get-available-instance')],
  fallback_requests_total: (labels) => [service(labels, 'counter', 'request-counts', 'fallback')],
  service_instances: (labels) => [service(labels, 'counter', 'instance-counts', of(labels, 'state'))],
  scaling_total: (labels) => {
    const action = of(labels, 'action');
    return [
      service(labels, 'counter', 'scaling', 'total'),
      service(labels, 'counter', 'scaling', action, 'total'),
      service(labels, 'counter', 'scaling', action, of(labels, 'result')),
    ];
  },
  launch_seconds: (labels) => {
    const phase = PHASES[of(labels, 'phase')] ?? of(labels, 'phase');
    return [service(labels, 'timer', 'launch-overhead', phase), waiter('timer', 'launch-overhead', phase)];
  },
  scaler_tick_seconds: () => [waiter('timer', 'autoscaler', 'iteration')],
  scaler_leading: () => [waiter('counter', 'core', 'leader')],
  routers: () => [waiter('counter', 'core', 'number-of-routers')],
  nodejs_heap_size_used_bytes: () => [jvm('memory', 'heap', 'used')],
  nodejs_heap_size_total_bytes: () => [jvm('memory', 'heap', 'committed')],
  nodejs_external_memory_bytes: () => [jvm('memory', 'non-heap', 'used')],
  process_resident_memory_bytes: () => [jvm('memory', 'total', 'used')],
  process_virtual_memory_bytes: () => [jvm('memory', 'total', 'committed')],
  process_open_fds: () => [jvm('file', 'open')],
  process_max_fds: () => [jvm('file', 'max')],
};

const slug = (name: string): string => name.replaceAll('_', '-');

/** Where a series is shown. @param name without the prefix `waiter_` */
export function placesOf(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  labels: SeriesLabels,
): readonly Place[] {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  return rule === undefined ? [byItsWords(name, type, labels)] : rule(labels);
}

function byItsWords(name: string, type: 'counter' | 'gauge' | 'histogram', labels: SeriesLabels): Place {
  const { service: id, ...others } = labels;
  const values = Object.keys(others)
    .sort()
    .map((key) => String(others[key]));
  if (/^(process|nodejs)_/.test(name)) {
    const [group = '', ...words] = name.split('_');
    return {
      kind: type === 'counter' ? 'counter' : 'gauge',
      path: ['jvm', group, words.join('-'), ...values],
    };
  }
  const kind: OriginalKind = type !== 'histogram' ? type : name.endsWith('_seconds') ? 'timer' : 'histogram';
  const bare = name.replace(/_(total|seconds)$/, '');
  if (id !== undefined) return { kind, path: ['services', String(id), `${kind}s`, slug(bare), ...values] };
  const [classifier = bare, ...words] = bare.split('_');
  return { kind, path: ['waiter', classifier, `${kind}s`, words.join('-') || classifier, ...values] };
}
