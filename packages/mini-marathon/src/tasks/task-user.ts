import { readFileSync } from 'node:fs';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The ids to run a task under. Undefined: as ourselves, which is so unless we are root and the user exists and is
 * another one. A missing user never fails a task.
 */
export function idsOfUser(user: string | undefined): UserIds | undefined {
  if (user === undefined || process.getuid?.() !== 0) return undefined;
  let entries: string;
  try {
    entries = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  const fields = entries
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  return Number.isInteger(uid) && Number.isInteger(gid) && uid !== 0 ? { uid, gid } : undefined;
}
