export { rawResponse } from './client-error';
export { Exchange, foldHeaders, newFacts, RequestHead, type RequestFacts } from './exchange';
export { checkHead } from './head-check';
export { AcceptServer, type AcceptHandlers, type AcceptOptions } from './server';
