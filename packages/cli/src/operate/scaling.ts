import { isMap, own, type Json } from '@waiter/core';
import type { ControlApi } from './control-api';
import { servicesOf } from './services-of';

/**
 * Pauses or resumes the scaling of the whole cluster, or of the services that a name stands for.
 * @param name a service or a token; undefined: the cluster
 * @returns one sentence for each change
 */
export async function changeScaling(
  api: ControlApi,
  action: 'pause' | 'resume',
  name: string | undefined,
  reason: string | undefined,
): Promise<readonly string[]> {
  const query = reason === undefined ? '' : `?reason=${encodeURIComponent(reason)}`;
  const said = action === 'pause' ? 'scaling is paused' : 'scaling goes on';
  if (name === undefined) {
    return [`the whole cluster: ${said}${unless(await api.post(`/scaling/${action}${query}`))}`];
  }
  const lines: string[] = [];
  for (const { id } of await servicesOf(api, name)) {
    const answer = await api.post(`/apps/${encodeURIComponent(id)}/scaling/${action}${query}`);
    lines.push(`${id}: ${said}${unless(answer)}`);
  }
  return lines;
}

function unless(answer: Json): string {
  if (!isMap(answer)) return '';
  const untouched = own(answer, 'paused') === false && own(answer, 'changed') === false;
  const late = own(answer, 'in-force') === true ? '' : ', as soon as a scaler leads';
  return `${untouched ? ' (it was not paused)' : ''}${late}`;
}

/** Where scaling is paused, a line each. */
export async function scalingStatus(api: ControlApi): Promise<readonly string[]> {
  const answer = await api.get('/scaling');
  if (!isMap(answer)) return [];
  const all = own(answer, 'pause');
  const services = own(answer, 'paused-services');
  return [
    `the whole cluster: ${isMap(all) ? `paused ${byWhom(all)}` : 'not paused'}`,
    ...Object.entries(isMap(services) ? services : {}).map(
      ([id, pause]) => `${id}: paused ${isMap(pause) ? byWhom(pause) : ''}`,
    ),
  ];
}

function byWhom(pause: Readonly<Record<string, Json>>): string {
  const reason = own(pause, 'reason');
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  return `by ${String(own(pause, 'by'))} since ${String(own(pause, 'time'))}${why}`;
}
