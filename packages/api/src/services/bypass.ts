/** So long after it was shown the page may pass. */
const BYPASS_MS = 10_000;

/** A target with the parameter that lets it past the interstitial page; always the last one (spec: request-path 8.1). */
export function withBypass(target: string, nowMs: number): string {
  const separator = target.includes('?') ? '&' : '?';
  return `${target}${separator}x-waiter-bypass-interstitial=${nowMs + BYPASS_MS}`;
}
