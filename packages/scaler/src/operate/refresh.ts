import type { ServiceId } from '@waiter/core';
import type { Context } from '../context';
import { readService } from '../service/record';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';

/** Takes over what an operator overrides: the same service, other parameters (spec: services-and-tokens 4.8.2). */
export class DescriptionRefresh {
  constructor(
    private readonly context: Context,
    private readonly publisher: Publisher,
    private readonly evaluate: (service: Service) => Promise<void>,
  ) {}

  /** @returns false when no such service is at hand: whoever needs it reads it anew anyway */
  async run(id: ServiceId): Promise<boolean> {
    const service = this.context.services.get(id);
    const described = service === undefined ? null : await readService(this.context.store, id);
    if (service === undefined || described === null) return false;
    service.described = described;
    // Capacity of the instances may be another one.
    await this.publisher.publish(service);
    void this.evaluate(service);
    return true;
  }
}
