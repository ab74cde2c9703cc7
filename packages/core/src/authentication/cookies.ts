/** Text of the first cookie of this name, as it was sent; undefined without one. Made for headers without it. */
export function cookieNamed(header: string, name: string): string | undefined {
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at + 1)) {
    const mark = at + name.length;
    if (header[mark] !== '=' || !isStart(header, at)) continue;
    const end = header.indexOf(';', mark);
    const value = header.slice(mark + 1, end < 0 ? undefined : end).trim();
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}

/** Whether a pair begins here: nothing but white space since the last semicolon. */
function isStart(header: string, at: number): boolean {
  let i = at - 1;
  while (i >= 0 && (header[i] === ' ' || header[i] === '\t')) i -= 1;
  return i < 0 || header[i] === ';';
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
