export { TokenStore } from './token-store';
export type { ListOptions, RemoveOptions, TokenWrite, WriteOptions } from './token-store';
export type { TokenIndexEntry } from './index-entry';
