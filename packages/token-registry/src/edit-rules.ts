import {
  type Entitlement,
  type Json,
  type JsonMap,
  messageText,
  own,
  type TokenData,
  WaiterError,
} from '@waiter/core';

export interface Edit {
  readonly name: string;
  /** What the body says. */
  readonly data: JsonMap;
  /** The live token, if there is one. */
  readonly existing: TokenData | null;
  /** Owner that the token will have. */
  readonly owner: Json;
  readonly user: string;
  readonly entitlement: Entitlement;
  readonly messages: Readonly<Record<string, string>>;
}

const refuse = (status: number, message: string, details: Readonly<Record<string, Json>> = {}): WaiterError =>
  new WaiterError(message, { status, details });

/** Tokens without an owner belong to whom they run as. */
export const ownerOfToken = (data: TokenData): Json | undefined =>
  own(data, 'owner') ?? own(data, 'run-as-user');

const PROTECTED_FROM_EDITORS = ['editor', 'owner', 'run-as-user'];
const NOT_FOR_USERS = ['last-update-time', 'last-update-user', 'root', 'previous'];

/** Who may write what without admin mode (spec: services-and-tokens 4.1.2). @throws WaiterError 400 or 403 */
export function checkNormalEdit({ name, data, existing, owner, user, entitlement, messages }: Edit): void {
  const existingOwner = existing === null ? undefined : ownerOfToken(existing);
  const editor = existing === null ? undefined : own(existing, 'editor');
  const isOwner = entitlement.canManageToken(user, name, existingOwner);
  const isEditor = existing !== null && !isOwner && entitlement.canRunAs(user, editor);
  if (isEditor) {
    const changed = PROTECTED_FROM_EDITORS.find((key) => own(data, key) !== own(existing, key));
    if (changed !== undefined) {
      throw refuse(403, `Not allowed to edit parameter ${changed}`, { 'parameter-name': changed, user });
    }
  }

  const given = own(data, 'run-as-user');
  const runAsUser = given === '*' ? undefined : given;
  if (!isEditor && runAsUser !== undefined && !entitlement.canRunAs(user, runAsUser)) {
    const values = { 'authenticated-user': user, 'run-as-user': String(runAsUser) };
    throw refuse(403, messageText('cannot-run-as-user', messages, values), values);
  }
  if (existing === null && !entitlement.canRunAs(user, owner)) {
    throw refuse(403, `Cannot create token as provided owner: ${String(owner)}`, {
      'authenticated-user': user,
      owner,
    });
  }
  const actingUser = isEditor && typeof existingOwner === 'string' ? existingOwner : user;
  if (existing !== null && !entitlement.canManageToken(actingUser, name, existingOwner)) {
    const who = `${editor === undefined ? '' : `editor=${String(editor)}, `}owner=${String(existingOwner)}`;
    throw refuse(403, `Cannot update token (${who}) as user: ${actingUser}`, {
      'authenticated-user': user,
      'existing-owner': existingOwner ?? null,
      'existing-editor': editor ?? null,
    });
  }

  const reserved = NOT_FOR_USERS.find((key) => Object.hasOwn(data, key));
  if (reserved !== undefined) throw refuse(400, `Cannot modify ${reserved} token metadata`, { token: name });
  // The original stores a deleted token here, by accident; deleting is what DELETE is for.
  if (own(data, 'deleted') === true)
    throw refuse(400, 'Cannot modify deleted token metadata', { token: name });
  if (runAsUser !== undefined && !entitlement.canOwn(owner, runAsUser)) {
    throw refuse(403, `Owner '${String(owner)}' cannot run as user '${String(runAsUser)}'`, {
      owner,
      'run-as-user': runAsUser,
    });
  }
}

/**
 * Who may write in admin mode. Both the present and the coming owner count: in the original the owner in the request
 * alone did, so that anybody could take any token over (spec: 7.2, 1).
 * @throws WaiterError 400 or 403
 */
export function checkAdminEdit(edit: Edit, ifMatch: string | undefined): void {
  const { name, existing, owner, user, entitlement } = edit;
  if (existing !== null && ifMatch === undefined) {
    throw refuse(400, 'Must specify if-match header for admin mode token updates', { token: name });
  }
  const owners = existing === null ? [owner] : [owner, ownerOfToken(existing)];
  if (!owners.every((one) => entitlement.canAdministerToken(user, name, one))) {
    throw refuse(403, 'Cannot administer token', { token: name, user });
  }
}
