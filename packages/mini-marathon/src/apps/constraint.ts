const OPERATORS = ['UNIQUE', 'CLUSTER', 'GROUP_BY', 'LIKE', 'MAX_PER', 'UNLIKE', 'IS'];
const INTEGER = /^[-+]?\d+$/;

/** What is wrong with a placement constraint (`[field, operator, value?]`), in Marathon's words; undefined: nothing. */
export function constraintError(constraint: readonly string[]): string | undefined {
  if (constraint.length < 2 || constraint.length > 3) return 'Each constraint must have either 2 or 3 fields';
  const [, operator = '', value] = constraint;
  if (!OPERATORS.includes(operator)) {
    return 'Constraint operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS';
  }
  switch (operator) {
    case 'UNIQUE':
      // Marathons up to 0.13 show it with an empty one.
      return (value ?? '') === '' ? undefined : 'Value specified but not used';
    case 'CLUSTER':
    case 'IS':
      return value === undefined || value === '' ? 'Missing value' : undefined;
    case 'GROUP_BY':
      return value === undefined || INTEGER.test(value)
        ? undefined
        : 'Value was specified but is not a number';
    case 'MAX_PER':
      return value !== undefined && INTEGER.test(value)
        ? undefined
        : 'Value was not specified or is not a number';
    default:
      return regularExpressionError(value);
  }
}

function regularExpressionError(value: string | undefined): string | undefined {
  if (value === undefined) return 'A regular expression value must be provided';
  try {
    // Only compiled, never run: there is one agent here.
    new RegExp(value);
    return undefined;
  } catch {
    return `'${value}' is not a valid regular expression`;
  }
}
