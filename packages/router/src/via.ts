/** `via` with this hop appended (spec: request-path 2.3). */
export function viaOf(existing: string | undefined, protocol: string, product: string): string {
  const hop = `${protocol} ${product}`;
  return existing === undefined || existing === '' ? hop : `${existing}, ${hop}`;
}
