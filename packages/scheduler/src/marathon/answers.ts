import { SchedulerError } from '../port';
import type { MarathonAnswer, MarathonCall } from './client';
import { list, object, text } from './json-reader';

/** 3.3: another attempt can help. */
const TRANSIENT_STATUS = new Set([500, 501, 502, 503, 504]);

export const isOk = ({ status }: MarathonAnswer): boolean => status >= 200 && status < 300;

/** `{"message"}` of an error answer and what it says of single fields (4B.2), or the start of the body. */
export function errorText(answer: MarathonAnswer): string {
  const body = object(answer.json);
  const details = list(body['details']).map((detail) => {
    const { path, errors } = object(detail);
    return `${text(path) ?? '/'}: ${list(errors).map(String).join(', ')}`;
  });
  const parts = [text(body['message']), text(body['details']), ...details].filter((part) => part !== null);
  return parts.length > 0 ? parts.join('; ') : answer.text.slice(0, 200).trim();
}

/** Ids of the deployments that lock an app; only a 409 of that kind has them. */
export function lockingDeployments(answer: MarathonAnswer): string[] {
  return list(object(answer.json)['deployments'])
    .map((deployment) => text(object(deployment)['id']))
    .filter((id) => id !== null);
}

export function refused(call: MarathonCall, answer: MarathonAnswer, transient?: boolean): SchedulerError {
  const where = `${call.method} ${call.path.split('?')[0]}`;
  const said = errorText(answer);
  return new SchedulerError(
    `Marathon answered ${answer.status} to ${where}${said === '' ? '' : `: ${said}`}`,
    answer.status,
    transient ?? TRANSIENT_STATUS.has(answer.status),
  );
}
