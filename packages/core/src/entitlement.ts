import type { Json } from './words';

export type EntitlementAction = 'admin' | 'manage' | 'own' | 'run-as';

export interface EntitlementResource {
  readonly 'resource-type': 'credential' | 'service' | 'token';
  /** Whose it is. */
  readonly user: Json | undefined;
  readonly 'service-id'?: string;
  readonly token?: string;
}

/** Port: who may do what (spec: services-and-tokens 0.8). Users are principals without `@...`. */
export interface EntitlementManager {
  isAuthorized(subject: string, action: EntitlementAction, resource: EntitlementResource | null): boolean;
}

/** Everybody may do everything with what is theirs; one user (who runs the router) is admin. */
export class SimpleEntitlementManager implements EntitlementManager {
  constructor(private readonly adminUser: string) {}

  isAuthorized(subject: string, action: EntitlementAction, resource: EntitlementResource | null): boolean {
    return (
      (resource !== null && subject === resource.user) || (action === 'admin' && subject === this.adminUser)
    );
  }
}

/** The questions the code asks, over a manager that answers them. */
export class Entitlement {
  constructor(private readonly manager: EntitlementManager) {}

  canManageToken(subject: string | null, token: string, owner: Json | undefined): boolean {
    return this.ask(subject, 'manage', { 'resource-type': 'token', token, user: owner });
  }

  canAdministerToken(subject: string | null, token: string, owner: Json | undefined): boolean {
    return this.ask(subject, 'admin', { 'resource-type': 'token', token, user: owner });
  }

  canManageService(subject: string | null, serviceId: string, runAsUser: Json | undefined): boolean {
    return this.ask(subject, 'manage', {
      'resource-type': 'service',
      'service-id': serviceId,
      user: runAsUser,
    });
  }

  canRunAs(subject: string | null, user: Json | undefined): boolean {
    return this.ask(subject, 'run-as', { 'resource-type': 'credential', user });
  }

  canOwn(owner: Json | undefined, user: Json | undefined): boolean {
    return typeof owner === 'string' && this.ask(owner, 'own', { 'resource-type': 'credential', user });
  }

  isAdmin(subject: string | null): boolean {
    return subject !== null && this.manager.isAuthorized(subject, 'admin', null);
  }

  private ask(subject: string | null, action: EntitlementAction, resource: EntitlementResource): boolean {
    if (subject === null || resource.user === undefined || resource.user === null) return false;
    return this.manager.isAuthorized(subject, action, resource);
  }
}
