import type { Epoch, ServiceId, ServiceParameters } from '@waiter/core';
import type { Connection } from './connection';

/** A token and the version (hash) of it that led to a service. */
export interface SourceToken {
  readonly token: string;
  readonly version: string;
}

export interface ServiceRecord {
  readonly id: ServiceId;
  /** What the user wrote: the core description, which the id hashes. */
  readonly description: ServiceParameters;
  /** With defaults and profile applied. */
  readonly effective: ServiceParameters;
  readonly createdAtMs: number;
  /** Each token combination that led here. */
  readonly sourceTokens: readonly (readonly SourceToken[])[];
}

export interface NewService {
  readonly id: ServiceId;
  readonly description: ServiceParameters;
  readonly effective: ServiceParameters;
  readonly sourceTokens: readonly SourceToken[];
}

const SOURCE = 'source:';

/** Service descriptions by id. They never change and outlive their instances. */
export class ServiceStore {
  constructor(private readonly connection: Connection) {}

  /** Writes the description unless it is there, adds the tokens that led to it, and lists the service as wanted. */
  async ensure({ id, description, effective, sourceTokens }: NewService): Promise<boolean> {
    const { keys } = this.connection;
    const reply = await this.connection.run(
      'register-service',
      [keys.service(id), keys.services()],
      [
        id,
        JSON.stringify(description),
        JSON.stringify(effective),
        Date.now(),
        sourceTokens.length === 0 ? '' : JSON.stringify(sourceTokens),
      ],
    );
    return reply === 1;
  }

  async get(id: ServiceId): Promise<ServiceRecord | null> {
    const row = await this.connection.redis.hgetall(this.connection.keys.service(id));
    const { description, effective, created } = row;
    if (description === undefined || effective === undefined) return null;
    return {
      id,
      description: JSON.parse(description) as ServiceParameters,
      effective: JSON.parse(effective) as ServiceParameters,
      createdAtMs: Number(created),
      sourceTokens: Object.keys(row)
        .filter((field) => field.startsWith(SOURCE))
        .map((field) => JSON.parse(field.slice(SOURCE.length)) as SourceToken[]),
    };
  }

  /** Services that run in the scheduler or are asked for. */
  async ids(): Promise<readonly ServiceId[]> {
    return (await this.connection.redis.smembers(this.connection.keys.services())).sort();
  }

  /** Takes a service off the list of those that run; its description stays. */
  async retire(id: ServiceId): Promise<void> {
    await this.connection.redis.srem(this.connection.keys.services(), id);
  }

  /** State that the scaler carries between evaluations; JSON of the scaler's own shape. */
  async scaleState<T>(id: ServiceId): Promise<T | null> {
    const text = await this.connection.redis.hget(this.connection.keys.scale(id), 'state');
    return text === null ? null : (JSON.parse(text) as T);
  }

  /** @returns false when a later leader saved already */
  async saveScaleState(id: ServiceId, epoch: Epoch, state: unknown): Promise<boolean> {
    return (
      (await this.connection.run(
        'save-scale',
        [this.connection.keys.scale(id)],
        [epoch, JSON.stringify(state)],
      )) === 1
    );
  }

  async dropScaleState(id: ServiceId): Promise<void> {
    await this.connection.redis.del(this.connection.keys.scale(id));
  }
}
