import { relocated } from '../../../async/reply-location';
import type { RequestFacts } from '../../../accept';
import { wayHeaders } from '../../../respond/debug-headers';
import { headersLogText, placeLogText, responseLogText, type LogParts } from '../../../respond/request-log';
import type { Admittance } from '../admission/admittance';
import { flat } from '../flat-text';
import { passedReply } from '../head-text';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import type { PassedReply, ReplyHead } from '../message/reply-head';

/** A request whose response is known. */
interface Answered {
  readonly head: LaneHead;
  readonly facts: RequestFacts;
  readonly admittance: Admittance;
}

/**
 * A response head is decided: it is counted and logged.
 * @param connection how the client is told what becomes of its connection, as header lines
 * @returns the head as the client gets it
 */
export function announceReply(
  reply: ReplyHead,
  answered: Answered,
  connection: string,
  { product, options, recorder, clock, asyncRequests }: LaneParts,
): string {
  const { head, facts, admittance } = answered;
  const { corsHeaders } = facts;
  const rawHeaders = relocated(asyncRequests, head, facts, reply.status, reply.rawHeaders);
  const passed =
    corsHeaders === null && rawHeaders === reply.rawHeaders
      ? (reply.passed ??= passedReply(reply, product))
      : passedReply({ ...reply, rawHeaders }, product, corsHeaders);
  let text = passed.hasCid ? passed.text : `${passed.text}x-cid: ${head.cid}\r\n`;
  if (head.debug || options.serverTiming) {
    const way = wayHeaders(head, facts, options);
    for (const name in way) text += `${name}: ${way[name]}\r\n`;
  }
  const parts = recorder.logs ? logParts(answered, passed) : null;
  recorder.record(head, facts, reply.status, admittance.series, parts, clock.now);
  return `${text}${admittance.clientText}${connection}`;
}

function logParts({ head, facts, admittance }: Answered, passed: PassedReply): LogParts {
  const instance = facts.slot?.instanceId ?? '';
  let place = admittance.placeTexts.get(instance);
  if (place === undefined) {
    place = flat(placeLogText(facts));
    admittance.placeTexts.set(instance, place);
  }
  return {
    ids: head.idsLogText,
    request: (head.fields.logText ??= flat(headersLogText(head))),
    response: (passed.logText ??= flat(responseLogText(passed.headers))),
    place,
  };
}
