import type { RequestFacts } from '../../../accept';
import { debugHeaders, headersLogText, responseLogText } from '../../../respond';
import type { Admittance } from '../admission/admittance';
import { passedReply } from '../head-text';
import type { LaneHead } from '../lane-head';
import type { LaneParts } from '../lane-parts';
import type { ReplyHead } from '../message/reply-head';

/**
 * A response head is decided: it is counted and logged.
 * @param connection how the client is told what becomes of its connection, as header lines
 * @returns the head as the client gets it
 */
export function announceReply(
  reply: ReplyHead,
  { head, facts }: { readonly head: LaneHead; readonly facts: RequestFacts },
  { series, clientText }: Admittance,
  connection: string,
  { product, options, recorder, clock }: LaneParts,
): string {
  const { corsHeaders } = facts;
  const passed =
    corsHeaders === null
      ? (reply.passed ??= passedReply(reply, product))
      : passedReply(reply, product, corsHeaders);
  let own = passed.hasCid ? '' : `x-cid: ${head.cid}\r\n`;
  if (head.debug) {
    const debug = debugHeaders(head, facts, options.routerId);
    for (const name in debug) own += `${name}: ${debug[name]}\r\n`;
  }
  own += clientText;
  let texts = null;
  if (recorder.logs) {
    const request = (head.fields.logText ??= headersLogText(head));
    const response = (passed.logText ??= responseLogText(passed.headers));
    texts = { request, response };
  }
  recorder.record(head, facts, reply.status, series, texts, clock.now);
  return `${passed.text}${own}${connection}\r\n`;
}
