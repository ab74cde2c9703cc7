import { readFileSync } from 'node:fs';
import type { CompiledConfig } from '@waiter/config';
import { effectiveDescription } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import {
  createCompositeScheduler,
  createMarathonScheduler,
  type Component,
  type MarathonAuth,
  type Scheduler,
} from '@waiter/scheduler';

type Marathon = CompiledConfig['marathon'];

/** What runs instances, by the configuration: one Marathon, or several as one. @throws Error for a file that cannot be read */
export function schedulerOf(config: CompiledConfig, logger: Logger): Scheduler {
  const [first, ...rest] = Object.entries(config.schedulers.components).map(
    ([name, { ignoreMisplaced = false, ...written }]): Component => ({
      name,
      ignoreMisplaced,
      scheduler: marathonOf(
        { ...inherited(config.marathon), ...written },
        config,
        logger.child({ scheduler: name }),
      ),
    }),
  );
  if (first === undefined) return marathonOf(config.marathon, config, logger);
  const { default: defaultScheduler = first.name, forImages } = config.schedulers;
  return createCompositeScheduler({
    components: [first, ...rest],
    defaultScheduler,
    ...(forImages === undefined ? {} : { imageScheduler: forImages }),
    effectiveOf: (description) => effectiveDescription(description, config.descriptions),
    logger,
  });
}

/** Credentials are for the Marathon that they were written for, and for no other. */
function inherited({
  username: _u,
  password: _p,
  token: _t,
  ...rest
}: Marathon): Omit<Marathon, 'username' | 'password' | 'token'> {
  return rest;
}

function marathonOf(
  marathon: Omit<Marathon, 'username' | 'password' | 'token'> &
    Partial<Pick<Marathon, 'username' | 'password' | 'token'>>,
  config: CompiledConfig,
  logger: Logger,
): Scheduler {
  const auth = authOf(marathon);
  return createMarathonScheduler({
    url: marathon.urls,
    servicePrefix: config.cluster.servicePrefix,
    initCommands: marathon.initCommands,
    homePathPrefix: marathon.homePathPrefix,
    requestTimeoutMs: marathon.requestTimeoutMs,
    reconcileMs: marathon.reconcileMs,
    image: marathon.image,
    fetch: marathon.fetch,
    authenticatedChecks: marathon.authenticatedHealthChecks ? 'waiter' : 'refuse',
    http2Checks: marathon.http2HealthChecks ? 'waiter' : 'marathon',
    logger,
    ...(marathon.caFile === undefined ? {} : { ca: readFileSync(marathon.caFile, 'utf8') }),
    ...(marathon.agentDirectory === undefined
      ? { discoverAgent: true }
      : { agentDirectory: marathon.agentDirectory }),
    ...(auth === undefined ? {} : { auth }),
  });
}

function authOf(marathon: {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenScheme: 'bearer' | 'token';
}): MarathonAuth | undefined {
  const { username, password = '', token, tokenScheme: scheme } = marathon;
  if (token !== undefined) return { token, scheme };
  return username === undefined ? undefined : { username, password };
}
