import Joi from 'joi';
import type { AppInput } from '../apps/definition';
import { appInput } from '../apps/app-schema';
import { checked } from '../apps/validation';

/** What a client may send about a group: what is left out stays as it is. */
export interface GroupUpdate {
  readonly id?: string | undefined;
  /** All apps of the group: others are removed. */
  readonly apps?: readonly (AppInput & { readonly id: string })[] | undefined;
  /** All groups in the group: others are removed. */
  readonly groups?: readonly (GroupUpdate & { readonly id: string })[] | undefined;
  readonly dependencies?: readonly string[] | undefined;
  /** Multiplies the instances of every app below; nothing else is changed then. */
  readonly scaleBy?: number | undefined;
  readonly enforceRole?: boolean | undefined;
  /** Goes back to how the group was then; nothing else is changed then. */
  readonly version?: string | undefined;
}

// Optional: an item that is required would make an empty list a mistake.
const apps = Joi.array().items(appInput.keys({ id: Joi.string().required() }).optional());
const enforceRole = Joi.boolean();
const keys = { apps, dependencies: Joi.array().items(Joi.string()), enforceRole };
const inner = Joi.object({
  ...keys,
  id: Joi.string().required(),
  groups: Joi.array().items(Joi.link('#group')),
})
  .unknown()
  .id('group');
const schema = Joi.object({
  ...keys,
  id: Joi.string().allow(''),
  groups: Joi.array().items(inner),
  scaleBy: Joi.number().min(0),
  version: Joi.string(),
}).required();

/** What `PATCH` may say. @throws ApiError 422 */
export function readGroupPatch(body: unknown): Pick<GroupUpdate, 'enforceRole'> {
  return checked(Joi.object({ enforceRole }).required(), body) as Pick<GroupUpdate, 'enforceRole'>;
}

/** @throws ApiError 422 */
export function readGroup(body: unknown): GroupUpdate {
  return checked(schema, body) as GroupUpdate;
}
