import type { HealthCheck } from '../apps/definition';
import type { Task } from '../tasks/task';
import type { EventBus } from './event-bus';

/** Where tasks of this server run, as tasks and events report it. */
export interface Agent {
  readonly id: string;
  readonly host: string;
  readonly frameworkId: string;
}

export type Condition =
  | 'Scheduled'
  | 'Provisioned'
  | 'Staging'
  | 'Running'
  | 'Killing'
  | 'Killed'
  | 'Finished'
  | 'Failed'
  | 'Dropped';

/** The events about one task, with their exact fields (4B.7). */
export class TaskEvents {
  constructor(
    private readonly bus: EventBus,
    private readonly agent: Agent,
  ) {}

  status(task: Task, message = ''): void {
    this.bus.publish('status_update_event', {
      slaveId: this.agent.id,
      taskId: task.id,
      taskStatus: task.state,
      message,
      appId: task.appId,
      host: this.agent.host,
      ipAddresses: [{ ipAddress: this.agent.host, protocol: 'IPv4' }],
      ports: task.ports,
      version: task.app.version,
    });
  }

  instance(task: Task, condition: Condition): void {
    const placed = condition !== 'Scheduled';
    this.bus.publish('instance_changed_event', {
      instanceId: task.instanceId,
      condition,
      runSpecId: task.appId,
      agentId: placed ? this.agent.id : null,
      host: placed ? this.agent.host : null,
      runSpecVersion: task.app.version,
    });
  }

  instanceHealth(task: Task, healthy: boolean): void {
    this.bus.publish('instance_health_changed_event', {
      instanceId: task.instanceId,
      runSpecId: task.appId,
      runSpecVersion: task.app.version,
      healthy,
    });
  }

  healthStatus(task: Task, alive: boolean): void {
    this.bus.publish('health_status_changed_event', {
      appId: task.appId,
      instanceId: task.instanceId,
      version: task.app.version,
      alive,
    });
  }

  failedHealthCheck(task: Task, healthCheck: HealthCheck): void {
    this.bus.publish('failed_health_check_event', {
      appId: task.appId,
      taskId: task.instanceId,
      healthCheck,
    });
  }

  unhealthyKill(task: Task, reason: string): void {
    this.bus.publish('unhealthy_instance_kill_event', {
      appId: task.appId,
      taskId: task.id,
      instanceId: task.instanceId,
      version: task.app.version,
      reason,
      host: this.agent.host,
      slaveId: this.agent.id,
    });
  }
}
