import { referenceOf, sourceTokensOf } from '@waiter/core';
import type { Epoch, Reference, ServiceId, ServiceParameters, SourceToken } from '@waiter/core';
import type { Connection } from './connection';
import { serviceStateOf, type ServiceState } from './service-state';
import { REFERENCES_KEPT, referencesIn } from './references';

export interface ServiceRecord extends ServiceState {
  readonly id: ServiceId;
  /** What the user wrote: the core description, which the id hashes. */
  readonly description: ServiceParameters;
  /** What it runs by: with defaults, profile and overrides applied. */
  readonly effective: ServiceParameters;
  /** The same without overrides. */
  readonly registered: ServiceParameters;
  readonly createdAtMs: number;
  /** Each token combination that led here, oldest first. */
  readonly sourceTokens: readonly (readonly SourceToken[])[];
  /** Each way in which it came to be used, oldest first; `{}` is one without tokens. */
  readonly references: readonly Reference[];
}

export interface NewService {
  readonly id: ServiceId;
  readonly description: ServiceParameters;
  readonly effective: ServiceParameters;
  readonly sourceTokens: readonly SourceToken[];
  /** How it came to be used; default: by the source tokens. Null: it is only written, not used. */
  readonly reference?: Reference | null;
}

/** Service descriptions by id. They never change and outlive their instances. */
export class ServiceStore {
  constructor(private readonly connection: Connection) {}

  /** Writes the description unless it is there, adds how it came to be used, and lists the service as wanted. */
  async ensure({ id, description, effective, sourceTokens, reference }: NewService): Promise<boolean> {
    const { keys } = this.connection;
    const used = reference === undefined ? referenceOf(sourceTokens) : reference;
    const reply = await this.connection.run(
      'register-service',
      [keys.service(id), keys.services()],
      [
        id,
        JSON.stringify(description),
        JSON.stringify(effective),
        Date.now(),
        used === null ? '' : JSON.stringify(used),
        REFERENCES_KEPT,
      ],
    );
    return reply === 1;
  }

  async get(id: ServiceId): Promise<ServiceRecord | null> {
    const row = await this.connection.redis.hgetall(this.connection.keys.service(id));
    const { description, effective, created } = row;
    if (description === undefined || effective === undefined) return null;
    const references = referencesIn(row);
    const registered = JSON.parse(effective) as ServiceParameters;
    const state = serviceStateOf(row);
    return {
      id,
      description: JSON.parse(description) as ServiceParameters,
      effective: { ...registered, ...state.overrides?.overrides },
      registered,
      ...state,
      createdAtMs: Number(created),
      sourceTokens: references.map(sourceTokensOf).filter((sources) => sources.length > 0),
      references,
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
