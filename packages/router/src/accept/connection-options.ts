/** Whether a Connection header asks for the connection to be closed (RFC 9112 9.6). */
export function namesClose(value: string): boolean {
  if (value === 'keep-alive') return false;
  return value
    .toLowerCase()
    .split(',')
    .some((token) => token.trim() === 'close');
}
