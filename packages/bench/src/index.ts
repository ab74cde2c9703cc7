export { percentile, median, summary, type Summary } from './report/statistics';
