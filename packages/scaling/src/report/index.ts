export { escapeText, linePlot, type PlotOptions, type Series } from './plot';
export { htmlReport, reportBody, REPORT_STYLE, describeComparison, type Report } from './report';
export { formatTable } from './table';
export { tickReport } from './tick-report';
