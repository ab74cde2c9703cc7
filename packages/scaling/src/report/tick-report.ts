import type { TickState } from '../simulator';
import { numberLabel } from './axis';
import { linePlot } from './plot';

/** What the original's simulator came to, as a part of a page. */
export function tickReport(states: readonly TickState[]): string {
  const plot = (title: string, lines: readonly (readonly [string, string, (state: TickState) => number])[]) =>
    linePlot(
      lines.map(([label, color, value]) => ({
        label,
        color,
        points: states.map((state, tick) => [tick, value(state)] as const),
      })),
      { title, xLabel: String, yLabel: numberLabel },
    );
  const last = states[states.length - 1];
  const summary =
    last === undefined
      ? ''
      : `<p class="quiet">${last.totalRequests} requests, ${last.scaleUps} scale-ups, ${last.scaleDowns} scale-downs, ` +
        `queue time ${last.totalQueueTime} ticks, idle server time ${last.totalIdleServerTime} ticks</p>`;
  return [
    summary,
    plot('clients, instances, queue', [
      ['clients', '#999', ({ totalClients }) => totalClients ?? 0],
      ['queued', '#c33', ({ queuedClients }) => queuedClients.length],
      ['healthy', '#0a6b2d', ({ healthyInstances }) => healthyInstances],
      ['instances', '#06c', ({ totalInstances }) => totalInstances],
    ]),
    plot('target and outstanding requests', [
      ['outstanding', '#999', ({ outstandingRequests }) => outstandingRequests],
      ['target', '#06c', ({ targetInstances }) => targetInstances],
    ]),
    plot('longest wait (ticks)', [
      ['now', '#999', ({ waitTimeMax }) => waitTimeMax],
      ['average', '#c33', ({ waitTimeMaxEma }) => waitTimeMaxEma],
    ]),
    plot('utilisation (%)', [['utilisation', '#06c', ({ utilizationPercent }) => utilizationPercent]]),
  ].join('\n');
}
