/** What `passwords` is when nobody set it; `configWarnings` says so loudly. */
export const DEFAULT_PASSWORD = 'open-sesame';
