export { createLogger, silentLogger } from './logger';
export type { LogFields, LogFormat, Logger, LoggerOptions, LogLevel } from './logger';
export { redact, redactText } from './redact';
export { createMetrics } from './metrics';
export type {
  BoundCounter,
  BoundGauge,
  BoundHistogram,
  GaugeOptions,
  Gauges,
  Labelled,
  Labels,
  MetricOptions,
  Metrics,
  MetricsSnapshot,
} from './metrics';
export { HealthRegistry } from './health';
export type { CheckResult, HealthCheck, HealthReport } from './health';
export { gracefulShutdown } from './graceful-shutdown';
export type { GracefulShutdownOptions, Shutdown, ShutdownHost, ShutdownStep } from './graceful-shutdown';
export { MetricsPage, type MetricsAnswer, type MetricsQuery } from './metrics-page';
export { startStatusServer, type StatusServer, type StatusServerOptions } from './status-server';
export { NO_STATSD, startStatsd, type Statsd, type StatsdOptions } from './statsd/statsd';
