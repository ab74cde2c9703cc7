/** What a role tells its parent (`waiter up`, by IPC) and its log once it does its work. */
export interface RoleReady {
  readonly ready: true;
  readonly role: 'router' | 'scaler' | 'mini-marathon';
  readonly url: string | null;
}

/** Says that this role works now. */
export function announceReady(role: RoleReady['role'], url: string | null): void {
  const message: RoleReady = { ready: true, role, url };
  process.send?.(message);
}
