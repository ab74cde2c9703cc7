import { createHash } from 'node:crypto';
import {
  compileDescription,
  effectiveDescription,
  instanceEnvironment,
  type CompiledDescription,
  type DescriptionSettings,
  type ServiceId,
  type ServiceParameters,
} from '@waiter/core';
import { scalingConfig, type ScalingConfig } from '@waiter/scaling';
import type { ServiceSpec } from '@waiter/scheduler';
import type { Store } from '@waiter/store';
import type { ScalerOptions } from '../options';

/** A service's description in all its forms; never changes. */
export interface DescribedService {
  readonly id: ServiceId;
  readonly description: ServiceParameters;
  readonly effective: ServiceParameters;
  /** `effective` without an operator's overrides; what is stored. */
  readonly registered: ServiceParameters;
  readonly compiled: CompiledDescription;
  readonly scaling: ScalingConfig;
  readonly createdAtMs: number;
}

function describe(
  id: ServiceId,
  description: ServiceParameters,
  effective: ServiceParameters,
  createdAtMs: number,
  registered = effective,
): DescribedService {
  return {
    id,
    description,
    effective,
    registered,
    compiled: compileDescription(effective),
    scaling: scalingConfig(effective),
    createdAtMs,
  };
}

/** Reads a service that a router registered; null when Redis does not know it. */
export async function readService(store: Store, id: ServiceId): Promise<DescribedService | null> {
  const record = await store.services.get(id);
  return record && describe(id, record.description, record.effective, record.createdAtMs, record.registered);
}

/** Rebuilds a service that only the scheduler knows, from its labels. @throws WaiterError for an unknown profile */
export function rebuildService(
  id: ServiceId,
  description: ServiceParameters,
  settings: DescriptionSettings,
  nowMs: number,
): DescribedService {
  return describe(id, description, effectiveDescription(description, settings), nowMs);
}

/** What instances expect of Waiter in basic authentication (spec: scaling-and-schedulers 3.6). */
export function servicePassword(id: ServiceId, passwords: readonly string[]): string {
  return createHash('md5')
    .update(id + (passwords[0] ?? ''))
    .digest('hex');
}

export function serviceSpec(
  service: DescribedService,
  instances: number,
  options: Pick<ScalerOptions, 'clusterName' | 'homePathPrefix' | 'passwords'>,
): ServiceSpec {
  const { id, description, effective, compiled } = service;
  return {
    id,
    description,
    effective,
    instances,
    environment: instanceEnvironment({
      serviceId: id,
      compiled,
      cluster: options.clusterName,
      password: servicePassword(id, options.passwords),
      home: options.homePathPrefix + compiled.runAsUser,
    }),
  };
}
