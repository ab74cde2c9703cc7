/** Which bytes may stand where, as tables over 0-255: 1 is allowed. */
function tableOf(allowed: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed(code) ? 1 : 0));
}

const TOKEN_MARKS = new Set([..."!#$%&'*+-.^_`|~"].map((mark) => mark.charCodeAt(0)));

/** Header names and methods: `tchar` (RFC 9110 5.6.2). */
export const TOKEN = tableOf(
  (code) =>
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    TOKEN_MARKS.has(code),
);

/** Header values: visible characters, space, tab, obs-text (RFC 9110 5.5); so neither CR, LF nor NUL. */
export const VALUE = tableOf((code) => code === 0x09 || (code >= 0x20 && code !== 0x7f));

/** Value of a hexadecimal digit, 255 for anything else (RFC 9112 7.1). */
export const HEX = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return digit < 0 ? 255 : digit;
});

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
