import { effectiveLoadBalancing } from '@waiter/scaling';
import { StaleEpochError } from '@waiter/store';
import { assertActing, NotLeadingError, type Context } from '../context';
import type { Service } from '../service/service';
import { currentError, snapshotOf } from '../service/views';
import type { Launches } from './launches';

const RETRY_MS = 500;
/** What nobody waits for is written with what comes next, if that comes this soon. */
const LATER_MS = 50;
/** So long after Redis lost something, or perhaps did, workers may not have stated yet what they have in flight. */
const LEASES_STATED_MS = 2_000;

interface Publication {
  /** What was published last in this term, without its version. */
  text: string;
  version: number;
  running: Promise<void>;
  /** A write that has not begun; whoever publishes now is served by it. */
  next: Promise<void> | null;
  /** A write that waits for others to go along with. */
  later: NodeJS.Timeout | undefined;
}

/**
 * Writes snapshots of instances to Redis: one write per service at a time, always of the newest state, and none when
 * nothing changed. The write opens and closes slots and hands them to waiting requests.
 */
export class Publisher {
  private readonly publications = new WeakMap<Service, Publication>();
  /** Wall clock of the moment this term last saw that Redis lost something. */
  private lostAtMs = -Infinity;

  constructor(
    private readonly context: Context,
    private readonly launches: Pick<Launches, 'observe' | 'noteError'>,
  ) {}

  private publication(service: Service): Publication {
    const known = this.publications.get(service);
    if (known !== undefined) return known;
    const fresh: Publication = {
      text: '',
      version: 0,
      running: Promise.resolve(),
      next: null,
      later: undefined,
    };
    this.publications.set(service, fresh);
    return fresh;
  }

  /**
   * Resolves once Redis has the state of this moment or a later one.
   * @throws NotLeadingError, StaleEpochError or what Redis says
   */
  publish(service: Service): Promise<void> {
    this.launches.observe(service);
    const publication = this.publication(service);
    clearTimeout(publication.later);
    publication.later = undefined;
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
    if (this.context.ended) return;
    this.publish(service).catch((error: unknown) => {
      const { context } = this;
      if (context.ended || error instanceof StaleEpochError) return;
      if (!(error instanceof NotLeadingError)) {
        context.logger.warn('instances of a service could not be published', { service: service.id, error });
      }
      setTimeout(() => !context.ended && this.publishSoon(service), RETRY_MS).unref();
    });
  }

  /**
   * For what changes nothing for a request: that instances were asked for, that one is there and not healthy. In a start each is
   * followed by the next within milliseconds, and a write makes every worker read.
   */
  publishLater(service: Service): void {
    this.launches.observe(service);
    this.publication(service).later ??= setTimeout(() => this.publishSoon(service), LATER_MS).unref();
  }

  /** Publishes again what Redis lost or what failed before. */
  async reconcile(service: Service): Promise<'fresh' | 'lost'> {
    const lost = await this.isLost(service);
    await this.publish(service);
    return lost ? 'lost' : 'fresh';
  }

  private async isLost(service: Service): Promise<boolean> {
    const { store, clock } = this.context;
    const publication = this.publication(service);
    const before = publication.version;
    const stored = await store.instances.version(service.id);
    // A write in the meantime changes the version rightly.
    const lost = before > 0 && publication.version === before && stored < before;
    if (lost) {
      publication.text = '';
      this.lostAtMs = clock.now();
    }
    return lost;
  }

  /**
   * Whether the leases that Redis told just before are all there are, so that an instance without any serves nobody.
   * Redis loses its latest writes first: while it has what we published, it has the leases from before that too.
   */
  async leasesComplete(service: Service): Promise<boolean> {
    if (await this.isLost(service)) this.publishSoon(service);
    const { clock, electedAtMs } = this.context;
    return clock.now() - Math.max(this.lostAtMs, electedAtMs) >= LEASES_STATED_MS;
  }

  private async write(service: Service, publication: Publication): Promise<void> {
    if (service.hidden) return;
    const { context } = this;
    const { store, options, clock } = context;
    const { concurrencyLevel, loadBalancing: configured } = service.described.compiled;
    const loadBalancing = effectiveLoadBalancing(configured, service.scalingState === 'scale-down');
    const wallMs = clock.now();
    const error = currentError(service, options.deploymentError, { wallMs, monotonicMs: clock.monotonic() });
    this.launches.noteError(service, error);
    const snapshot = snapshotOf(service, context.epoch, error, wallMs);
    // Slots depend on these as well.
    const text = JSON.stringify([snapshot, concurrencyLevel, loadBalancing]);
    if (text === publication.text) return;
    assertActing(context, `publish ${service.id}`);
    try {
      const version = await store.instances.publish(snapshot, { concurrencyLevel, loadBalancing });
      // Nobody else counts it: it went back in time.
      if (version <= publication.version) this.lostAtMs = clock.now();
      publication.version = version;
      publication.text = text;
    } catch (error) {
      if (error instanceof StaleEpochError) context.stepDown();
      throw error;
    }
  }
}
