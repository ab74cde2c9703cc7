import type { Logger } from '@waiter/observability';
import type { Membership, RouterInfo } from '@waiter/store';

const ANNOUNCE_MS = 1_000;
const REAP_MS = 400;

/** Keeps the node listed, and frees the leases of workers that died, its own and others'. */
export class NodeMembership {
  private timers: NodeJS.Timeout[] = [];
  private draining = false;
  private reaping = false;

  constructor(
    private readonly members: Pick<Membership, 'announceRouter' | 'retireRouter' | 'reap'>,
    private readonly router: Omit<RouterInfo, 'draining'>,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    await this.announce();
    this.timers = [
      setInterval(() => void this.announce(), ANNOUNCE_MS),
      setInterval(() => void this.reap(), REAP_MS),
    ];
  }

  private async announce(): Promise<void> {
    const { router, draining } = this;
    await this.members.announceRouter({ ...router, draining }).catch((error: unknown) => {
      this.logger.debug('the router could not be announced', { error });
    });
  }

  private async reap(): Promise<void> {
    if (this.reaping) return;
    this.reaping = true;
    try {
      const dead = await this.members.reap();
      if (dead.length > 0)
        this.logger.warn('workers were silent too long; their leases are free', { workers: dead });
    } catch (error) {
      this.logger.debug('dead workers could not be looked for', { error });
    } finally {
      this.reaping = false;
    }
  }

  /** Others see that no new requests should be sent here. */
  drain(): void {
    this.draining = true;
    void this.announce();
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.members.retireRouter(this.router.id).catch(() => undefined);
  }
}
