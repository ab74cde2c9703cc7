import type { Answer } from './answer';
import type { Exchange } from './exchange';
import { readBody } from './request-body';
import { respond } from './respond';
import { routeOf, type Kitchen } from './routes';

/** The methods of spec cli-contract 6; any other is answered with 501. */
const METHODS = new Set(
  'GET HEAD POST PUT PATCH DELETE OPTIONS COPY MOVE LOCK UNLOCK MKCOL PROPFIND PROPPATCH'.split(' '),
);

/** The life of an HTTP request here: body, delays and refusals, route, response, and possibly the end of it all. */
export async function serve(
  kitchen: Kitchen,
  exchange: Exchange,
  authorized: boolean,
  handedOver: () => void,
): Promise<void> {
  const dieAfterMs = exchange.number('die-after-ms');
  if (dieAfterMs !== undefined && authorized) setTimeout(() => kitchen.exit(1), dieAfterMs);
  if (authorized && exchange.knob('echo') === 'stream') {
    return respond(exchange, streamedEcho(exchange), handedOver);
  }
  const echo = exchange.knob('echo') !== undefined;
  const body = await readBody(exchange, echo && authorized);
  if (body === undefined) return;
  if (!authorized) return respond(exchange, { status: 403, body: 'Forbidden' }, handedOver);
  if (!METHODS.has(exchange.method)) {
    return respond(exchange, { status: 501, body: `Unsupported method ${exchange.method}` }, handedOver);
  }
  // There it says when the request is done, not when it is answered.
  if (exchange.path !== '/async/request') await exchange.pause(exchange.number('delay-ms') ?? 0);
  if (exchange.gone) return;
  kitchen.defaultStatus.changeBy(exchange);
  const answer = await answerOf(kitchen, exchange, echo ? body : undefined);
  if (exchange.gone) return;
  await respond(exchange, answer, handedOver);
  if (exchange.flag('fail-by-terminating-jvm')) {
    if (exchange.response.writableFinished) kitchen.exit(1);
    else exchange.response.once('close', () => kitchen.exit(1));
  }
}

async function answerOf(kitchen: Kitchen, exchange: Exchange, echoed: Buffer | undefined): Promise<Answer> {
  if (exchange.flag('act-busy')) return { status: 503, body: 'Service is busy' };
  const answer = await routeOf(exchange.path)(kitchen, exchange);
  if (echoed === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, ...typeOf(exchange) }, body: echoed };
}

/** `x-kitchen-echo: stream`: each piece goes back as it comes, which shows whether a proxy streams both ways. */
function streamedEcho(exchange: Exchange): Answer {
  return {
    status: 200,
    headers: typeOf(exchange),
    body: { length: undefined, pieces: counted(exchange) },
    chunked: true,
  };
}

async function* counted(exchange: Exchange): AsyncGenerator<Buffer> {
  for await (const piece of exchange.request as AsyncIterable<Buffer>) {
    exchange.bodyLength += piece.length;
    yield piece;
  }
}

function typeOf(exchange: Exchange): Record<string, string> {
  const type = exchange.header('content-type');
  return type === undefined ? {} : { 'content-type': type };
}
