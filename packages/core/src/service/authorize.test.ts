import { authorizeRequest, Entitlement, SimpleEntitlementManager } from '..';

const entitlement = new Entitlement(new SimpleEntitlementManager('root'));
const service = (runAsUser: string, permitted: string, grants = {}) => ({
  effective: { 'run-as-user': runAsUser, 'permitted-user': permitted },
  preAuthorised: false,
  authenticationDisabled: false,
  ...grants,
});

test('who may use a service (spec 2.8)', () => {
  authorizeRequest(service('u', 'u'), 'u', entitlement);
  authorizeRequest(service('tu', '*', { preAuthorised: true }), 'u', entitlement);
  authorizeRequest(service('tu', '*', { authenticationDisabled: true }), null, entitlement);
  const cannotRun = 'Authenticated user cannot run service';
  expect(() => authorizeRequest(service('tu', '*'), 'u', entitlement)).toThrow(cannotRun);
  expect(() => authorizeRequest(service('tu', '*'), null, entitlement)).toThrow(cannotRun);
  const notInvoke = "This user isn't allowed to invoke this service";
  expect(() => authorizeRequest(service('u', 'bob'), 'u', entitlement)).toThrow(notInvoke);
});

test('the simple manager (spec 0.8)', () => {
  expect(entitlement.canManageToken('u', 't', 'u')).toBe(true);
  expect(entitlement.canManageToken('root', 't', 'u')).toBe(false);
  expect(entitlement.canAdministerToken('root', 't', 'u')).toBe(true);
  expect(entitlement.canAdministerToken('x', 't', 'u')).toBe(false);
  expect(entitlement.canRunAs(null, 'u')).toBe(false);
  expect(entitlement.canRunAs('u', null)).toBe(false);
  expect(entitlement.canOwn('u', 'u')).toBe(true);
  expect(entitlement.isAdmin('root')).toBe(true);
  expect(entitlement.isAdmin(null)).toBe(false);
  expect(entitlement.canManageService('u', 's', 'u')).toBe(true);
});
