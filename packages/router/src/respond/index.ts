export type { Answer } from './answer';
export { debugHeaders } from './debug-headers';
export { drainBody } from './drain-body';
export { LineWriter } from './line-writer';
export { Recorder } from './recorder';
export { headersLogText, logLine, responseLogText, type LoggedResponse } from './request-log';
export { Responder, type ResponderOptions } from './responder';
