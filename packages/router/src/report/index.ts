export { LoadReporter } from './load-reporter';
