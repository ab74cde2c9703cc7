/**
 * Where a `Location` leads on the same server: path and query. null: nowhere, or to another server.
 * @param base URL of the request that was answered with it, such as `http://10.0.0.1:8080/path/request`
 */
export function sameServerLocation(base: string, location: string | undefined): string | null {
  if (location === undefined || location.trim() === '') return null;
  const from = parsed(base);
  const to = parsed(location, base);
  if (from === null || to === null || from.origin !== to.origin) return null;
  return to.pathname + to.search;
}

function parsed(url: string, base?: string): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}

/** The first value of a header in names and values in turn. @param name lower-case */
export function valueOf(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length === name.length && raw[i]?.toLowerCase() === name) return raw[i + 1];
  }
  return undefined;
}
