import type { Connection } from '../connection';

export class TokenStore {
  constructor(readonly connection: Connection) {}
}
