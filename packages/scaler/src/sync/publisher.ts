import { StaleEpochError } from '@waiter/store';
import { assertActing, NotLeadingError, type Context } from '../context';
import type { Service } from '../service/service';
import { currentError, snapshotOf } from '../service/views';

const RETRY_MS = 500;

interface Publication {
  /** What was published last in this term, without its version. */
  text: string;
  version: number;
  running: Promise<void>;
  /** A write that has not begun; whoever publishes now is served by it. */
  next: Promise<void> | null;
}

/**
 * Writes snapshots of instances to Redis: one write per service at a time, always of the newest state, and none when
 * nothing changed. The write opens and closes slots and hands them to waiting requests.
 */
export class Publisher {
  private readonly publications = new WeakMap<Service, Publication>();

  constructor(private readonly context: Context) {}

  private publication(service: Service): Publication {
    const known = this.publications.get(service);
    if (known !== undefined) return known;
    const fresh: Publication = { text: '', version: 0, running: Promise.resolve(), next: null };
    this.publications.set(service, fresh);
    return fresh;
  }

  /**
   * Resolves once Redis has the state of this moment or a later one.
   * @throws NotLeadingError, StaleEpochError or what Redis says
   */
  publish(service: Service): Promise<void> {
    const publication = this.publication(service);
    if (publication.next !== null) return publication.next;
    const next = publication.running
      .catch(() => undefined)
      .then(() => {
        publication.next = null;
        return this.write(service, publication);
      });
    publication.next = next;
    publication.running = next;
    return next;
  }

  /** The same without waiting; what fails is repeated until it succeeds or the term ends. */
  publishSoon(service: Service): void {
    this.publish(service).catch((error: unknown) => {
      const { context } = this;
      if (context.ended || error instanceof StaleEpochError) return;
      if (!(error instanceof NotLeadingError)) {
        context.logger.warn('instances of a service could not be published', { service: service.id, error });
      }
      setTimeout(() => !context.ended && this.publishSoon(service), RETRY_MS).unref();
    });
  }

  /** Publishes again what Redis lost or what failed before. */
  async reconcile(service: Service): Promise<'fresh' | 'lost'> {
    const publication = this.publication(service);
    const before = publication.version;
    const stored = await this.context.store.instances.get(service.id);
    // A write in the meantime changes the version rightly.
    const lost = before > 0 && publication.version === before && (stored?.version ?? 0) < before;
    if (lost) publication.text = '';
    await this.publish(service);
    return lost ? 'lost' : 'fresh';
  }

  private async write(service: Service, publication: Publication): Promise<void> {
    const { context } = this;
    const { store, options, clock } = context;
    const { concurrencyLevel, loadBalancing } = service.described.compiled;
    const wallMs = clock.now();
    const error = currentError(service, options.deploymentError, { wallMs, monotonicMs: clock.monotonic() });
    const snapshot = snapshotOf(service, context.epoch, error, wallMs);
    // Slots depend on these as well.
    const text = JSON.stringify([snapshot, concurrencyLevel, loadBalancing]);
    if (text === publication.text) return;
    assertActing(context, `publish ${service.id}`);
    try {
      publication.version = await store.instances.publish(snapshot, { concurrencyLevel, loadBalancing });
      publication.text = text;
    } catch (error) {
      if (error instanceof StaleEpochError) context.stepDown();
      throw error;
    }
  }
}
