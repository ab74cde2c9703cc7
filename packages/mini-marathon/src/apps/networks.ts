import type { Json } from '@waiter/core';
import { objectOf } from './container';
import { portMappings, type AppDefinition, type AppInput } from './definition';

/** Networks as Marathon shows them: each with its mode, and with labels where it has some. */
function withNetworks(networks: readonly Json[]): AppDefinition['networks'] {
  return networks.map((network) => {
    const { mode = 'container', labels = {}, ...rest } = objectOf(network) ?? {};
    return { ...rest, mode, ...(Object.keys(objectOf(labels) ?? {}).length > 0 ? { labels } : {}) };
  });
}

/** Those that are named as such, or as older clients do below `docker` and `ipAddress`; undefined where none is named. */
export function networksOf(input: AppInput): AppDefinition['networks'] | undefined {
  if ((input.networks ?? []).length > 0) return withNetworks(input.networks ?? []);
  const network = objectOf(input.container?.['docker'])?.['network'];
  const address = input.ipAddress;
  if (network === 'HOST') return [{ mode: 'host' }];
  if (network === 'BRIDGE') return [{ mode: 'container/bridge' }];
  if (address === undefined && network !== 'USER') return undefined;
  const { networkName, labels = {} } = address ?? {};
  return withNetworks([
    { mode: 'container', labels, ...(networkName === undefined ? {} : { name: networkName }) },
  ]);
}

/** The container that is asked for; the ports that `ipAddress` lets be discovered are ports of a container since 1.5. */
export function containerOf({ container, ipAddress }: AppInput): AppInput['container'] {
  const ports = ipAddress?.discovery?.ports ?? [];
  if (ports.length === 0 || portMappings(container).length > 0) return container;
  const mappings = ports.map(({ number, ...rest }) => ({ ...rest, containerPort: number ?? 0 }));
  return { type: 'MESOS', ...container, portMappings: mappings };
}
