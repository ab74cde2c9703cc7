/** Text of the first cookie of this name, as it was sent; undefined without one. */
export function cookieNamed(header: string, name: string): string | undefined {
  // Mostly it is not there at all.
  if (!header.includes(name)) return undefined;
  for (const pair of header.split(';')) {
    const mark = pair.indexOf('=');
    if (mark < 0 || pair.slice(0, mark).trim() !== name) continue;
    return pair
      .slice(mark + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** Without percent-encoding; undefined when that is malformed. */
export function decodedCookie(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A `Set-Cookie` line in the form of the original (spec: request-path 9.3). */
export function setCookie(name: string, value: string, maxAgeSeconds: number, httpOnly: boolean): string {
  const line = `${name}=${encodeURIComponent(value)};Max-Age=${maxAgeSeconds};Path=/`;
  return httpOnly ? `${line};HttpOnly=true` : line;
}
