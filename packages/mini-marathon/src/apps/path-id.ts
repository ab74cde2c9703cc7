/**
 * App and group ids are absolute paths (`/group/app`). Clients may leave out the leading slash; `..` and `.` segments
 * resolve as in a file system.
 */
const SEGMENT = /^(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])$/;

/** Marathon's own text, which clients match on. */
export const ID_ERROR =
  "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*" +
  "([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$'";

/** `x`, `/x` and `//x/` become `/x`; relative ids are resolved against `base` (an absolute group id). */
export function absoluteId(id: string, base = '/'): string {
  const start = id.startsWith('/') ? [] : base.split('/').filter((part) => part !== '');
  const parts = [...start];
  for (const part of id.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Whether every segment of an absolute id is legal and there is at least one. */
export function isValidId(id: string): boolean {
  const parts = id.slice(1).split('/');
  return parts.length > 0 && parts.every((part) => SEGMENT.test(part));
}

/** `/a/b` is `/a`; `/a` is `/`. */
export function parentId(id: string): string {
  const cut = id.lastIndexOf('/');
  return cut <= 0 ? '/' : id.slice(0, cut);
}

/** The groups that an app or a group lies in, the nearest first, without the root. */
export function groupsAbove(id: string): string[] {
  const above: string[] = [];
  for (let group = parentId(id); group !== '/'; group = parentId(group)) above.push(group);
  return above;
}

/** Whether `id` lies below the group, at any depth. */
export function isBelow(id: string, group: string): boolean {
  return group === '/' ? id !== '/' : id.startsWith(`${group}/`);
}

/** The id as the first part of task ids: `/group/app` is `group_app`. */
export function safePath(id: string): string {
  return id.slice(1).replaceAll('/', '_');
}
