export type { TokenIndexEntry } from './index-entry';
export type { TokenChange, TokenChanges, TokenFeed, TokenFollower } from './token-feed';
export { TokenStore } from './token-store';
export type { ListOptions, RemoveOptions, TokenWrite, WriteOptions } from './token-store';
