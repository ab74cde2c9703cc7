export { grpcRefusal, isGrpc } from './grpc';
export { errorFormat, renderError } from './render-error';
export type { ErrorFormat, RenderedError } from './render-error';
export { asWaiterError, DEFAULT_SUPPORT_INFO, SUPPORT_OCCASIONS } from './report';
export type { ErrorRequest, SupportInfo } from './report';
export { escapeHtml } from './html';
