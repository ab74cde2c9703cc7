export * from './words';
export * from './errors';
export * from './clock';
export * from './durations';
