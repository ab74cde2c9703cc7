import type { Json, ServiceParameters } from '../words';
import { SERVICE_PARAMETERS, USER_METADATA } from '../parameters';

/** What an operator may configure about descriptions and tokens (spec: services-and-tokens 5.12). */
export interface DescriptionSettings {
  readonly clusterName: string;
  /** Start of every service id. */
  readonly servicePrefix: string;
  /** Names of the routers themselves: no tokens. */
  readonly hostnames: readonly string[];
  readonly defaults: ServiceParameters;
  /** Upper limits by parameter: of the length for strings, else of the value. */
  readonly constraints: Readonly<Record<string, { readonly max: number }>>;
  readonly profiles: Readonly<Record<string, { readonly defaults: Readonly<Record<string, Json>> }>>;
  /** `[regex, group]`: the first whose regex matches the whole service name gives the metric group. */
  readonly metricGroupMappings: readonly (readonly [string, string])[];
  readonly tokenDefaults: Readonly<Record<string, Json>>;
  /** Tokens written later than this (epoch ms) with service-mapping `default` are exclusive. */
  readonly exclusivePromotionStartTimeMs: number;
  /** Request headers that are refused. */
  readonly unsupportedHeaders: readonly string[];
  /** Versions of a token that are kept, the current one included. */
  readonly historyLength: number;
  readonly tokenLimitPerOwner: number;
  /** Accepted values of `authentication` besides `disabled` and `standard`. */
  readonly authenticationProviders?: readonly string[];
  /** Accepted values of `cmd-type`; default shell and docker. */
  readonly commandTypes?: readonly string[];
  /** Overrides of the texts in `messages.ts`. */
  readonly messages?: Readonly<Record<string, string>>;
}

const defaultsOf = (
  table: readonly { readonly name: string; readonly defaultValue: Json | undefined }[],
): Record<string, Json> =>
  Object.fromEntries(
    table.flatMap(({ name, defaultValue }) =>
      defaultValue === undefined ? [] : [[name, defaultValue] as const],
    ),
  );

export function builtInSettings(clusterName: string): DescriptionSettings {
  return {
    clusterName,
    servicePrefix: 'waiter-service-',
    hostnames: ['localhost', '127.0.0.1'],
    defaults: defaultsOf(SERVICE_PARAMETERS),
    constraints: { cmd: { max: 1200 }, cpus: { max: 32 }, mem: { max: 131072 } },
    profiles: {},
    metricGroupMappings: [],
    tokenDefaults: defaultsOf(USER_METADATA),
    exclusivePromotionStartTimeMs: Date.parse('2050-06-01T00:00:00.000Z'),
    unsupportedHeaders: ['x-waiter-maintenance'],
    historyLength: 5,
    tokenLimitPerOwner: 1000,
  };
}
