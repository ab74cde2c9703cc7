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
export { checkHead } from './head-check';
export { promisedSeconds } from './promised-idle';
export {
  AcceptServer,
  type AcceptHandlers,
  type AcceptOptions,
  type FastLane,
  type Lanes,
  type TlsPort,
} from './server';
export type { CertificateFiles } from './tls/certificate';
export { newUniqueId } from './unique-id';
