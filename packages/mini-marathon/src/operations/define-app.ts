import { invalidObject, unknownApp } from '../api-error';
import { withVersions } from '../apps/change';
import type { AppDefinition, AppInput } from '../apps/definition';
import { normalise } from '../apps/normalise';
import { checkInput, checkRules } from '../apps/rules';
import type { Cluster } from '../cluster';

export interface DefineOptions {
  /** Fields left out keep their value; otherwise they get their default. */
  readonly partialUpdate: boolean;
  readonly allowCreation: boolean;
}

/**
 * What a client's input makes of an app, or of a new one.
 * @param id absolute
 * @throws ApiError 404, 422
 */
export function defineApp(
  { apps }: Pick<Cluster, 'apps'>,
  id: string,
  input: AppInput,
  options: DefineOptions,
  version: string,
): AppDefinition {
  const current = apps.get(id);
  if (current === undefined && !options.allowCreation) throw unknownApp(id);
  // Where the whole app is meant, its version is part of what was read and says nothing.
  if (current !== undefined && options.partialUpdate && input.version !== undefined) {
    refuseMoreThanVersion(input);
    const earlier = versionOf(apps, id, input.version);
    if (earlier === undefined) throw unknownApp(id);
    return withVersions(current, earlier, version);
  }
  checkInput(input);
  const base = options.partialUpdate ? current : undefined;
  const app = normalise(input, id, base, current, () => apps.allocateServicePort(), version);
  checkRules(app);
  return current === undefined ? app : withVersions(current, app, version);
}

export function versionOf(apps: Cluster['apps'], id: string, version: string): AppDefinition | undefined {
  return apps.versions(id).find((app) => app.version === version);
}

function refuseMoreThanVersion(input: AppInput): void {
  const others = Object.entries(input).filter(
    ([key, value]) => !['id', 'version'].includes(key) && value !== undefined,
  );
  if (others.length === 0) return;
  const error = "The 'version' field may only be combined with the 'id' field.";
  throw invalidObject([{ path: '/', errors: [error] }]);
}
