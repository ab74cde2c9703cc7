import type { Context } from '../context';
import type { Service } from '../service/service';
import type { Publisher } from './publisher';
import type { Sync } from './sync';

/** Of the services that do not run, so many are looked at each time: thousands cost Redis nothing that way. */
const AT_REST_EACH_TIME = 200;

/** Compares what is known with the scheduler and with Redis, from time to time, and mends both ways. */
export class Reconciliation {
  /** Services at rest that this round has not come to. */
  private left: Service[] = [];

  constructor(
    private readonly context: Pick<Context, 'services'>,
    private readonly sync: Pick<Sync, 'full'>,
    private readonly publisher: Pick<Publisher, 'reconcile'>,
  ) {}

  /** @returns whether Redis had lost something that was published; it has been written again. @throws SchedulerError */
  async run(): Promise<boolean> {
    await this.sync.full();
    const services = [...this.context.services.values()];
    const looked = new Set([...services.filter(isRunning), ...this.sample(services)]);
    if (!(await this.someLost(looked))) return false;
    await this.someLost(services.filter((service) => !looked.has(service)));
    return true;
  }

  private sample(services: readonly Service[]): readonly Service[] {
    if (this.left.length === 0) this.left = services.filter((service) => !isRunning(service));
    const taken = this.left.splice(0, AT_REST_EACH_TIME);
    return taken.filter(({ id }) => this.context.services.has(id));
  }

  private async someLost(services: Iterable<Service>): Promise<boolean> {
    const outcomes = await Promise.all([...services].map((service) => this.publisher.reconcile(service)));
    return outcomes.includes('lost');
  }
}

function isRunning({ known, instances }: Service): boolean {
  return known || instances.size > 0;
}
