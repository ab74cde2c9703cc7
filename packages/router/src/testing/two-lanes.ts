import { connect } from 'node:net';
import { parseReplies, type ParsedReply } from './parse-replies';
import { startRecordingBackend, type RecordingBackend, type SeenRequest } from './recording-backend';
import { ON_THE_FLY, startRouterUnderTest, type RouterUnderTest } from './router-under-test';

const SERVICE = Object.entries(ON_THE_FLY)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const END = `GET /end HTTP/1.1\r\nHost: localhost\r\n${SERVICE}x-cid: end\r\nConnection: close\r\n\r\n`;
/** Requests that go before, so that the connection is one that lives: the lane then reads it in another way. */
const WARM = `GET /end HTTP/1.1\r\nHost: localhost\r\n${SERVICE}x-cid: warm\r\n\r\n`;
const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** A request head for the service under test. @param line without the version */
export const requestHead = (line: string, more = '', version = '1.1'): string =>
  `${line} HTTP/${version}\r\nHost: localhost\r\n${SERVICE}x-cid: c\r\n${more}\r\n`;

/** What goes over one connection. */
export interface Conversation {
  /** Of the requests, in their order. */
  readonly methods: readonly string[];
  /** The bytes, in several packets. */
  readonly pieces: readonly string[];
  /** A last request is added that ends the connection; default true. */
  readonly end?: boolean;
  /** So many requests go before; default 0. */
  readonly warm?: number;
}

/** What a client and an instance saw of it. */
export interface Witnessed {
  readonly replies: readonly ParsedReply[];
  readonly ended: string;
  readonly seen: readonly SeenRequest[];
  readonly outcome: string | undefined;
}

/** What the test gives of testkit, which this file may not import. */
export interface Tools {
  readonly redis: { readonly url: string; stop(): Promise<unknown> };
  rawRequest(
    port: number,
    bytes: readonly string[],
    options: { readonly timeoutMs: number; readonly pauseMs: number },
  ): Promise<{ readonly text: string; readonly ended: string }>;
  waitFor(what: string, holds: () => boolean): Promise<unknown>;
}

/** One instance behind two routers: one with the http1 lane, one with the general lane alone, which is the oracle. */
export class TwoLanes {
  private constructor(
    private readonly tools: Tools,
    readonly backend: RecordingBackend,
    private readonly lane: RouterUnderTest,
    private readonly general: RouterUnderTest,
  ) {}

  static async start(tools: Tools): Promise<TwoLanes> {
    const backend = await startRecordingBackend();
    const router = (http1: boolean): Promise<RouterUnderTest> =>
      startRouterUnderTest(tools.redis.url, [backend.port], { lanes: { http1 } });
    return new TwoLanes(tools, backend, await router(true), await router(false));
  }

  async close(): Promise<void> {
    await Promise.all([this.lane.worker.close(), this.general.worker.close()]);
    await this.backend.close();
    await this.tools.redis.stop();
  }

  /** The same through both. */
  async both({ end = true, ...given }: Conversation): Promise<{ lane: Witnessed; general: Witnessed }> {
    const { pieces, methods } = given;
    const conversation = end
      ? {
          ...given,
          methods: [...methods, 'GET'],
          pieces: [...pieces.slice(0, -1), `${pieces.at(-1) ?? ''}${END}`],
        }
      : given;
    return {
      lane: await this.through(this.lane, conversation),
      general: await this.through(this.general, conversation),
    };
  }

  /** The same through both, of a client that leaves when its bytes have arrived and the instance has seen the head. */
  async bothLeaving(
    bytes: string,
  ): Promise<{ lane: readonly SeenRequest[]; general: readonly SeenRequest[] }> {
    return { lane: await this.leaving(this.lane, bytes), general: await this.leaving(this.general, bytes) };
  }

  private async leaving(router: RouterUnderTest, bytes: string): Promise<readonly SeenRequest[]> {
    const { backend } = this;
    backend.seen = [];
    const before = backend.begun;
    const client = connect(router.port, '127.0.0.1').on('error', () => undefined);
    client.write(bytes, 'latin1');
    await this.tools.waitFor('the head at the instance', () => backend.begun > before);
    client.destroy();
    await this.tools.waitFor('the end at the instance', () => backend.seen.length > 0);
    await this.tools.waitFor('slots to be free', () => router.reservations.inUse === 0);
    return backend.seen;
  }

  private async through(
    router: RouterUnderTest,
    { methods, pieces, warm = 0 }: Conversation,
  ): Promise<Witnessed> {
    const { backend } = this;
    backend.seen = [];
    const before = Array<string>(warm).fill(WARM);
    // The answer to each has to be there before the next.
    const pauseMs = warm > 0 ? 12 : 2;
    const { text, ended } = await this.tools.rawRequest(router.port, [...before, ...pieces], {
      timeoutMs: 5_000,
      pauseMs,
    });
    await this.tools.waitFor('slots to be free', () => router.reservations.inUse === 0);
    return {
      replies: parseReplies(
        text.replace(TIMES, (time) => 'T'.repeat(time.length)),
        [...before.map(() => 'GET'), ...methods],
      ),
      ended,
      // The general lane sends pipelined requests on at once; their answers come in order.
      seen: [...backend.seen].sort((a, b) => (a.line < b.line ? -1 : 1)),
      outcome: router.reservations.outcomes.at(-1),
    };
  }
}
