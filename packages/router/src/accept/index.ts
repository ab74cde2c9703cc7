export { rawHead, rawResponse } from './client-error';
export { rawRefusal, refusalOf } from './client-error';
export {
  clientProtocolOf,
  Exchange,
  foldHeaders,
  lowerCaseName,
  newFacts,
  RequestHead,
  schemeOf,
  type HeadSource,
  type RequestFacts,
} from './exchange';
export type { AcceptHandlers, AcceptOptions } from './general-server';
export { checkHead } from './head-check';
export { promisedSeconds } from './promised-idle';
export { AcceptServer, type FastLane, type Lanes, type TlsPort } from './server';
export type { CertificateFiles } from './tls/certificate';
export { newUniqueId } from './unique-id';
