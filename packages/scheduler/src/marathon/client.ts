import type { Json } from '@waiter/core';
import { Agent, request, type Dispatcher } from 'undici';
import { SchedulerError } from '../port';
import { parse } from './json-reader';
import type { CompiledMarathonOptions, Master } from './options';

export interface MarathonAnswer {
  readonly status: number;
  readonly text: string;
  /** Undefined when the body is not JSON. */
  readonly json: Json | undefined;
}

export interface MarathonCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With the query, below the base path: `/v2/apps?embed=apps.tasks`. */
  readonly path: string;
  readonly body?: Json;
}

/** No connection came about, so nothing was sent: safe to try again, whatever the call. */
export class UnreachableError extends SchedulerError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, null, true, options);
    this.name = 'UnreachableError';
  }
}

const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** From a follower to the leader is one; more can happen while an election is on. */
const MAX_REDIRECTS = 3;
/** A master that says so may have lost its leader: the next call asks another one. */
const GATEWAY = new Set([502, 503, 504]);

/**
 * Speaks HTTP to whichever master answers: the next is tried at once when no connection comes about, redirects to
 * the leader are followed with the same method. Answers of any status are returned, not thrown.
 */
export class MarathonClient {
  private current = 0;
  private readonly agent: Agent;
  private readonly streams: Agent;

  constructor(private readonly options: CompiledMarathonOptions) {
    const { requestTimeoutMs: timeout, eventSilenceMs, ca } = options;
    const connect = { timeout, ...(ca === null ? {} : { ca }) };
    const common = { connect, headersTimeout: timeout, keepAliveTimeout: 30_000 };
    this.agent = new Agent({ ...common, bodyTimeout: timeout });
    this.streams = new Agent({ ...common, bodyTimeout: eventSilenceMs });
  }

  /** @throws SchedulerError (transient) when there is no answer; `UnreachableError` when nothing was sent */
  async call(call: MarathonCall): Promise<MarathonAnswer> {
    const answer = await this.send(call, 'application/json', this.agent);
    try {
      const text = await answer.body.text();
      return { status: answer.statusCode, text, json: parse(text) };
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Opens a stream; its body ends in an error after `eventSilenceMs` without a byte. */
  async stream(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    return this.send({ method: 'GET', path }, 'text/event-stream', this.streams, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.streams.destroy()]);
  }

  private async send(
    call: MarathonCall,
    accept: string,
    dispatcher: Dispatcher,
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { masters } = this.options;
    let unreachable: UnreachableError | null = null;
    for (let tried = 0; tried < masters.length; tried++) {
      const index = (this.current + tried) % masters.length;
      const master = masters[index] ?? masters[0];
      try {
        const answer = await this.follow(master, call, accept, dispatcher, signal);
        this.current = this.next(index, answer);
        return answer;
      } catch (error) {
        const failure = this.failure(error);
        if (!(failure instanceof UnreachableError)) {
          this.current = (index + 1) % masters.length;
          throw failure;
        }
        unreachable = failure;
      }
    }
    throw unreachable ?? new UnreachableError('no Marathon master is configured');
  }

  /** Whom to ask next time: the leader where the answer names one that we know, another one where it lost its leader. */
  private next(index: number, answer: Dispatcher.ResponseData): number {
    const { masters } = this.options;
    if (GATEWAY.has(answer.statusCode)) return (index + 1) % masters.length;
    const named = answer.headers['x-marathon-leader'];
    if (typeof named !== 'string' || !URL.canParse(named)) return index;
    const leader = masters.findIndex(({ origin }) => origin === new URL(named).origin);
    return leader < 0 ? index : leader;
  }

  private async follow(
    master: Master,
    call: MarathonCall,
    accept: string,
    dispatcher: Dispatcher,
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    let url = new URL(master.origin + master.basePath + call.path);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await request(url, {
        dispatcher,
        method: call.method,
        headers: this.headers(url, accept, call.body !== undefined),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      const location = answer.headers.location;
      if (
        !REDIRECTS.has(answer.statusCode) ||
        typeof location !== 'string' ||
        !URL.canParse(location, url.href)
      ) {
        return answer;
      }
      await answer.body.dump();
      const target = new URL(location, url);
      if (target.protocol !== 'http:' && target.protocol !== 'https:') break;
      url = target;
    }
    throw new SchedulerError('Marathon redirects without end: no leader has settled', null, true);
  }

  private headers(url: URL, accept: string, hasBody: boolean): Record<string, string> {
    // A redirect must not carry our credentials to a host that nobody configured.
    const known = this.options.masters.find(({ origin }) => origin === url.origin);
    return {
      accept,
      'user-agent': 'waiter-marathon',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(known?.authorization ? { authorization: known.authorization } : {}),
    };
  }

  private failure(error: unknown): SchedulerError {
    if (error instanceof SchedulerError) return error;
    const { code, message } = error as { code?: unknown; message?: unknown };
    const what = `Marathon does not answer: ${typeof message === 'string' && message !== '' ? message : String(code)}`;
    if (typeof code === 'string' && UNSENT.has(code)) return new UnreachableError(what, { cause: error });
    return new SchedulerError(what, null, true, { cause: error });
  }
}
