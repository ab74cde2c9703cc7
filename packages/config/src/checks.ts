import { DEFAULT_PASSWORD } from './defaults';
import type { CompiledConfig } from './options';

type Check = (config: CompiledConfig) => string[];

const when = (wrong: boolean, problem: string): string[] => (wrong ? [problem] : []);

/** What no single option can see: contradictions between options, one line each. */
export const checks: readonly Check[] = [
  ({ scaler }) =>
    when(
      scaler.renewMs * 2 > scaler.leaseMs,
      'scaler.renew must be at most half of scaler.lease: a leader must notice a lost renewal before its lease ends',
    ),
  ({ router: { tls } }) =>
    when(
      (tls.port === 0) !== (tls.certificates.length === 0),
      'router.tls.port and router.tls.certificates go together',
    ),
  ({ router: { backendTls } }) =>
    when(
      backendTls.caFile !== undefined && !backendTls.verify,
      'router.backendTls.caFile is of use only with router.backendTls.verify',
    ),
  ({ scaler }) =>
    when(scaler.probeMinMs > scaler.probeMaxMs, 'scaler.probeMin must not be longer than scaler.probeMax'),
  ({ miniMarathon }) =>
    when(
      miniMarathon.firstTaskPort > miniMarathon.lastTaskPort,
      'miniMarathon.firstTaskPort must not be above miniMarathon.lastTaskPort',
    ),
  ({ marathon }) =>
    when(
      (marathon.username === undefined) !== (marathon.password === undefined),
      'marathon.username and marathon.password go together',
    ),
  ({ marathon }) =>
    when(
      marathon.username !== undefined && marathon.token !== undefined,
      'marathon.token and marathon.username exclude each other',
    ),
  ({ schedulers }) => {
    const names = Object.keys(schedulers.components);
    const wrong = (name: string | undefined): boolean => name !== undefined && !names.includes(name);
    return [
      ...when(
        names.length > 0 && schedulers.default === undefined,
        'schedulers.default must name one of schedulers.components',
      ),
      ...when(
        wrong(schedulers.default),
        `schedulers.default is none of schedulers.components (${names.join(', ') || 'there are none'})`,
      ),
      ...when(
        wrong(schedulers.forImages),
        `schedulers.forImages is none of schedulers.components (${names.join(', ') || 'there are none'})`,
      ),
    ];
  },
];

/** What is allowed and still deserves a loud line in the log. */
export function configWarnings(config: CompiledConfig): string[] {
  return [
    ...when(
      config.passwords.includes(DEFAULT_PASSWORD),
      'passwords is the built-in default: anybody can compute the service passwords of this cluster. ' +
        'Set WAITER_PASSWORDS before others can reach it.',
    ),
  ];
}
