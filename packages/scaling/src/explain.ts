import { isMap, own, type Json } from '@waiter/core';

/** One line of an explanation: what it is about, and what was found or done. */
export interface ExplanationLine {
  readonly what: string;
  readonly text: string;
}

type Numbers = Readonly<Record<string, Json>>;

/** Steps that have a line of their own; others are listed by name. */
const TOLD = new Set([
  ...[
    'ideal',
    'smoothedUp',
    'smoothedDown',
    'delta',
    'clamped',
    'held',
    'replace',
    'excess',
    'waiting',
    'most',
  ],
  ...['scaleAmount', 'scaleToInstances', 'targetInstances', 'wanted', 'allowed', 'policy'],
]);

/**
 * A decision in words, step by step in the order of the formula (spec: scaling-and-schedulers 1.2 to 1.9).
 * @param record as it was recorded: a `Decision` with `asked` and `outcome`; of a kill or a collection only the outcome
 */
export function explainDecision(record: Json): readonly ExplanationLine[] {
  if (!isMap(record)) return [];
  const inputs = mapOf(record, 'inputs');
  const steps = mapOf(record, 'steps');
  const lines: [string, string | null][] = [
    ...(inputs === null ? [] : [...situation(inputs), ...formula(record, inputs, steps ?? {})]),
    ...Object.entries(steps ?? {}).flatMap(([name, value]): [string, string][] =>
      TOLD.has(name) || value === null ? [] : [['step', `${words(name)}: ${shown(value)}`]],
    ),
    ['limits', limits(record, steps ?? {})],
    ['asked', textOf(record, 'asked')],
    ['outcome', outcome(record)],
  ];
  return lines.flatMap(([what, text]) => (text === null || text === '' ? [] : [{ what, text }]));
}

function situation(inputs: Numbers): [string, string | null][] {
  const inFlight = numberOf(inputs, 'inFlight');
  const queued = numberOf(inputs, 'queued');
  const more = (['draining', 'expired'] as const)
    .filter((name) => numberOf(inputs, name) > 0)
    .map((name) => `, ${numberOf(inputs, name)} ${name}`);
  return [
    ['demand', `${plural(inFlight + queued, 'request')}: ${inFlight} in flight, ${queued} queued`],
    [
      'instances',
      `${numberOf(inputs, 'total')} requested, ${numberOf(inputs, 'tasks')} placed, ` +
        `${numberOf(inputs, 'healthy')} healthy${more.join('')}`,
    ],
  ];
}

function formula(record: Numbers, inputs: Numbers, steps: Numbers): [string, string | null][] {
  if (typeof steps['policy'] === 'string') {
    return [
      ['policy', `${steps['policy']} wants ${plural(numberOf(record, 'targetInstances'), 'instance')}`],
      ['expired', expired(inputs, steps)],
      ['wanted', wanted(record)],
    ];
  }
  if (typeof steps['delta'] !== 'number') return [];
  const get = (name: string): number => numberOf(inputs, name);
  const target = numberOf(record, 'targetInstances');
  const grows = numberOf(steps, 'smoothedUp') >= get('previousTarget');
  const clamped = textOf(steps, 'clamped');
  const bound =
    clamped === null
      ? ''
      : `, bounded by ${clamped} ${get(clamped === 'min-instances' ? 'minInstances' : 'maxInstances')}`;
  return [
    [
      'ideal',
      `${get('inFlight') + get('queued')} requests x scale-factor ${get('scaleFactor')} / ` +
        `concurrency-level ${get('concurrencyLevel')} = ${plural(numberOf(steps, 'ideal'), 'instance')}`,
    ],
    [
      'target',
      `from ${round(get('previousTarget'))} to ${round(target)} in ${round(get('ticks'))} s ` +
        `(${grows ? `scale-up-factor ${get('scaleUpFactor')}` : `scale-down-factor ${get('scaleDownFactor')}`} per second)${bound}`,
    ],
    [
      'difference',
      `${round(target)} - ${get('total')} = ${round(numberOf(steps, 'delta'))}${held(inputs, steps)}`,
    ],
    ['expired', expired(inputs, steps)],
    ['wanted', wanted(record)],
  ];
}

function expired(inputs: Numbers, steps: Numbers): string | null {
  const replace = numberOf(steps, 'replace');
  return replace === 0
    ? null
    : `${replace} of ${numberOf(inputs, 'expired')} to replace (expired-instance-restart-rate ` +
        `${numberOf(inputs, 'expiredInstanceRestartRate')}), ${numberOf(steps, 'excess')} healthy too many`;
}

function held(inputs: Numbers, steps: Numbers): string {
  switch (steps['held']) {
    case 'ideal-covered':
      return ', not acted upon: there are as many as the demand calls for';
    case 'jitter':
      return `, not acted upon: below jitter-threshold ${numberOf(inputs, 'jitterThreshold')}`;
    default:
      return '';
  }
}

function wanted(record: Numbers): string {
  const amount = numberOf(record, 'scaleAmount');
  const to = numberOf(record, 'scaleToInstances');
  return amount === 0 ? `stay at ${to}` : `${amount > 0 ? 'start' : 'stop'} ${Math.abs(amount)}, to ${to}`;
}

function limits(record: Numbers, steps: Numbers): string | null {
  const found: string[] = [];
  const amount = numberOf(record, 'scaleAmount');
  const { allowed, waiting } = steps;
  if (typeof allowed === 'number' && allowed < amount) found.push(`the quanta allow ${allowed} at a time`);
  if (typeof steps['most'] === 'number') {
    found.push(`no more than ${steps['most']} while expired ones are replaced (max-instances plus one)`);
  }
  if (typeof waiting === 'string') found.push(waiting);
  return found.length === 0 ? null : found.join('; ');
}

function outcome(record: Numbers): string | null {
  const text = textOf(record, 'outcome');
  const tookMs = record['tookMs'];
  return text !== null && typeof tookMs === 'number' ? `${text} (${tookMs} ms after the decision)` : text;
}

function mapOf(record: Numbers, name: string): Numbers | null {
  const value = own(record, name);
  return isMap(value) ? value : null;
}

const textOf = (record: Numbers, name: string): string | null => {
  const value = own(record, name);
  return typeof value === 'string' ? value : null;
};
const numberOf = (record: Numbers, name: string): number => {
  const value = own(record, name);
  return typeof value === 'number' ? value : 0;
};
const round = (value: number): number => Math.round(value * 1000) / 1000;
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const shown = (value: Json): string =>
  typeof value === 'number'
    ? String(round(value))
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
