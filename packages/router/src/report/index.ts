export { LoadReporter } from './load-reporter';
export { TransientMetrics } from './transient-metrics';
