import { Router } from 'express';
import type { Cluster } from '../cluster';

/** Shown as the version of the Marathon line whose API this is. */
const VERSION = '1.11.0';

/** `/ping`, `/metrics` and the small informational resources (4B.6). `leader`: this server's `host:port`. */
export function infoRoutes(cluster: Cluster, leader: () => string, abdicate: () => void): Router {
  const router = Router();

  router.get('/ping', (request, response) => {
    if (request.accepts(['text/plain', 'application/json']) === 'application/json') response.json('pong');
    else response.type('text/plain').send('pong');
  });

  router.get('/v2/info', (_request, response) => {
    const port = Number(leader().split(':').at(-1));
    response.json({
      name: 'marathon',
      version: VERSION,
      buildref: 'mini-marathon',
      elected: true,
      leader: leader(),
      frameworkId: cluster.agent.frameworkId,
      marathon_config: {
        checkpoint: true,
        executor: '//cmd',
        failover_timeout: 604_800,
        framework_name: 'marathon',
        ha: false,
        hostname: leader().slice(0, leader().lastIndexOf(':')),
        leader_proxy_connection_timeout_ms: 5000,
        leader_proxy_read_timeout_ms: 10_000,
        local_port_min: 10_000,
        local_port_max: 20_000,
        master: 'local',
        mesos_leader_ui_url: null,
        mesos_role: null,
        mesos_user: process.env['USER'] ?? null,
        reconciliation_initial_delay: 15_000,
        reconciliation_interval: 300_000,
        task_launch_timeout: 300_000,
        task_launch_confirm_timeout: 300_000,
        webui_url: null,
        features: [],
      },
      zookeeper_config: {
        zk: '',
        zk_compression: false,
        zk_compression_threshold: 0,
        zk_connection_timeout: 0,
        zk_max_node_size: 0,
        zk_max_versions: 25,
        zk_session_timeout: 0,
        zk_timeout: 0,
      },
      http_config: { http_port: port, https_port: null },
    });
  });

  router.get('/v2/leader', (_request, response) => {
    response.json({ leader: leader() });
  });
  router.delete('/v2/leader', (_request, response) => {
    response.on('finish', abdicate);
    response.json({ message: 'Leadership abdicated' });
  });

  router.get('/v2/plugins', (_request, response) => {
    response.json({ plugins: [] });
  });
  router.get('/logging', (_request, response) => {
    response.json({ ROOT: 'INFO' });
  });

  router.get('/metrics', (_request, response) => {
    const gauges = Object.fromEntries(
      gaugesOf(cluster).map(([name, value]) => [`marathon.${name}.gauge`, { value }]),
    );
    response.json({ version: '4.0.0', gauges, counters: {}, histograms: {}, meters: {}, timers: {} });
  });
  router.get('/metrics/prometheus', (_request, response) => {
    const lines = gaugesOf(cluster).map(([name, value]) => {
      const metric = `marathon_${name.replaceAll(/[.-]/g, '_')}_gauge`;
      return `# TYPE ${metric} gauge\n${metric} ${value}\n`;
    });
    response.type('text/plain; version=0.0.4').send(lines.join(''));
  });
  return router;
}

function gaugesOf(cluster: Cluster): [string, number][] {
  const tasks = cluster.table.all();
  return [
    ['apps.active', cluster.apps.list().length],
    ['deployments.active', cluster.deployments.list().length],
    ['instances.running', tasks.filter((task) => task.state === 'TASK_RUNNING').length],
    ['instances.staged', tasks.filter((task) => task.state === 'TASK_STAGING').length],
    ['launch-queue.apps', cluster.queue.entries().length],
  ];
}
