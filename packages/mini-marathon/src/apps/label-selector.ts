/**
 * Label selectors of `GET /v2/apps?label=`: comma-separated terms that must all hold. A term is `name` (exists),
 * `name==value`, `name!=value`, `name in (a, b)` or `name notin (a, b)`; a backslash escapes any character.
 */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const WORD = String.raw`((?:\\.|[-A-Za-z0-9_.])+)`;
const TERM = new RegExp(String.raw`^\s*${WORD}\s*(?:(==|!=)\s*${WORD}|\s(in|notin)\s*\(([^)]*)\))?\s*$`);

/** @throws RangeError for text that is no selector */
export function parseLabelSelector(text: string): LabelSelector {
  const terms = splitTerms(text).map(parseTerm);
  return (labels) => terms.every((term) => term(labels));
}

function parseTerm(text: string): LabelSelector {
  const match = TERM.exec(text);
  if (match?.[1] === undefined) throw new RangeError(`Could not parse label selector: "${text.trim()}"`);
  const name = unescape(match[1]);
  const [, , equality, value, membership, set] = match;
  if (equality !== undefined && value !== undefined) {
    const wanted = unescape(value);
    return equality === '=='
      ? (labels) => labels[name] === wanted
      : (labels) => name in labels && labels[name] !== wanted;
  }
  if (membership !== undefined && set !== undefined) {
    const values = new Set(set.split(',').map((item) => unescape(item.trim())));
    const inside = membership === 'in';
    return (labels) => name in labels && values.has(labels[name] ?? '') === inside;
  }
  return (labels) => name in labels;
}

/** Splits at commas outside parentheses and not escaped. */
function splitTerms(text: string): string[] {
  const terms: string[] = [''];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    const last = terms.length - 1;
    if (char === '\\') {
      terms[last] += char + (text[++i] ?? '');
      continue;
    }
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) terms.push('');
    else terms[last] += char;
  }
  return terms;
}

const unescape = (text: string): string => text.replace(/\\(.)/g, '$1');
