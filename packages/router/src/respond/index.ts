export type { Answer } from './answer';
export { debugHeaders, wayHeaders } from './debug-headers';
export { drainBody } from './drain-body';
export { LineWriter } from './line-writer';
export { Recorder } from './recorder';
export {
  headersLogText,
  logLine,
  placeLogText,
  responseLogText,
  type LoggedResponse,
  type LogParts,
} from './request-log';
export { quoted } from './json-text';
export { Responder, type ResponderOptions } from './responder';
