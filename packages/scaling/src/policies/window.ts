/** Values with the time they cover, oldest first: [end in ms, length in ms, value]. Plain data, never changed in place. */
export type Window = readonly (readonly [endMs: number, lengthMs: number, value: number])[];

/** Appends what was seen over the last `lengthMs` and forgets what ended more than `keepMs` ago. */
export function remember(
  window: Window,
  nowMs: number,
  lengthMs: number,
  value: number,
  keepMs: number,
): Window {
  const first = window.findIndex(([endMs]) => endMs > nowMs - keepMs);
  const kept = first < 0 ? [] : window.slice(first);
  if (lengthMs > 0) kept.push([nowMs, lengthMs, value]);
  return kept;
}

/** The mean over what ended within the last `ms`, weighted by time; null when that is nothing. */
export function meanOver(window: Window, nowMs: number, ms: number): number | null {
  let time = 0;
  let sum = 0;
  for (let index = window.length - 1; index >= 0; index -= 1) {
    const entry = window[index];
    if (entry === undefined || entry[0] <= nowMs - ms) break;
    time += entry[1];
    sum += entry[1] * entry[2];
  }
  return time > 0 ? sum / time : null;
}

/** The most of what ended within the last `ms`; `least` when that is nothing. */
export function maxOver(window: Window, nowMs: number, ms: number, least: number): number {
  let most = least;
  for (let index = window.length - 1; index >= 0; index -= 1) {
    const entry = window[index];
    if (entry === undefined || entry[0] <= nowMs - ms) break;
    if (entry[2] > most) most = entry[2];
  }
  return most;
}
