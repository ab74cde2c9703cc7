import { FAST_CHECK, TestServer, until, WEB_SERVER } from './test-support';

type Event = Record<string, unknown> & { eventType: string };

/** Reads the stream by the rules of server-sent events: lines, an empty one ends the event. */
class EventReader {
  readonly events: Event[] = [];
  private readonly abort = new AbortController();

  static async open(marathon: TestServer, query = ''): Promise<EventReader> {
    const reader = new EventReader();
    const headers = { accept: 'text/event-stream' };
    const response = await fetch(`${marathon.server.url}/v2/events${query}`, {
      headers,
      signal: reader.abort.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    void reader.read(response).catch(() => undefined);
    return reader;
  }

  close(): void {
    this.abort.abort();
  }

  types(): string[] {
    return this.events.map((event) => event.eventType);
  }

  when(type: string): Promise<Event> {
    return until(() => this.events.find((event) => event.eventType === type));
  }

  private async read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const frames = text.split('\r\n\r\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const lines = frame.split('\r\n').filter((line) => line !== '');
        if (lines.length === 0) continue;
        const [name, data] = lines.map((line) => line.slice(line.indexOf(': ') + 2));
        const event = JSON.parse(data ?? '') as Event;
        expect(event.eventType).toBe(name);
        this.events.push(event);
      }
    }
  }
}

let marathon: TestServer;
beforeEach(async () => {
  marathon = await TestServer.start();
});
afterEach(async () => {
  expect(await marathon.stop()).toEqual([]);
});

const TASK_EVENTS = new Set(['instance_changed_event', 'status_update_event']);

describe('GET /v2/events (4B.7)', () => {
  it('needs the Accept header', async () => {
    expect((await marathon.call('GET', '/v2/events')).status).toBe(405);
  });

  it('tells a deployment and the life of a task in order, with their fields', async () => {
    const reader = await EventReader.open(marathon);
    await reader.when('event_stream_attached');
    await marathon.call('POST', '/v2/apps', { id: 'web', cmd: WEB_SERVER, healthChecks: [FAST_CHECK] });
    await reader.when('deployment_success');
    const story = reader.events.map((event) =>
      TASK_EVENTS.has(event.eventType) ? String(event['condition'] ?? event['taskStatus']) : event.eventType,
    );
    expect(story).toEqual([
      'event_stream_attached',
      'api_post_event',
      'group_change_success',
      'deployment_info',
      'add_health_check_event',
      'deployment_step_success',
      'deployment_info',
      'Scheduled',
      'Provisioned',
      'TASK_STAGING',
      'Staging',
      'TASK_RUNNING',
      'Running',
      'health_status_changed_event',
      'instance_health_changed_event',
      'deployment_step_success',
      'deployment_success',
    ]);
    const [task] = (await marathon.app('web')).tasks;
    const instanceId = task?.id.replace('._app.1', '');
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    expect(reader.events.find((event) => event['taskStatus'] === 'TASK_RUNNING')).toEqual({
      eventType: 'status_update_event',
      timestamp,
      slaveId: expect.any(String),
      taskId: task?.id,
      taskStatus: 'TASK_RUNNING',
      message: '',
      appId: '/web',
      host: '127.0.0.1',
      ipAddresses: [{ ipAddress: '127.0.0.1', protocol: 'IPv4' }],
      ports: task?.ports,
      version: task?.version,
    });
    expect(await reader.when('instance_health_changed_event')).toEqual({
      eventType: 'instance_health_changed_event',
      timestamp,
      instanceId,
      runSpecId: '/web',
      runSpecVersion: task?.version,
      healthy: true,
    });
    const steps = [
      { actions: [{ action: 'StartApplication', app: '/web' }] },
      { actions: [{ action: 'ScaleApplication', app: '/web' }] },
    ];
    expect(await reader.when('deployment_info')).toMatchObject({
      plan: {
        id: expect.any(String),
        version: task?.version,
        steps,
        original: { id: '/' },
        target: { id: '/' },
      },
      currentStep: steps[0],
    });

    reader.events.length = 0;
    await marathon.call('DELETE', '/v2/apps/web');
    await reader.when('deployment_success');
    expect(reader.types()).toEqual([
      'api_post_event',
      'group_change_success',
      'deployment_info',
      'remove_health_check_event',
      'status_update_event',
      'instance_changed_event',
      'status_update_event',
      'instance_changed_event',
      'deployment_step_success',
      'app_terminated_event',
      'deployment_success',
    ]);
    const statuses = reader.events.filter((event) => event.eventType === 'status_update_event');
    expect(statuses.map((event) => event['taskStatus'])).toEqual(['TASK_KILLING', 'TASK_KILLED']);
    expect(statuses[1]?.['message']).toBe('Command terminated with signal Terminated');
    reader.close();
  });

  it('tells of a change that another deployment forbids', async () => {
    const reader = await EventReader.open(marathon, '?event_type=group_change_failed');
    await marathon.call('POST', '/v2/apps', { id: '/g/x', cmd: 'exec sleep 60', healthChecks: [FAST_CHECK] });
    expect((await marathon.call('PUT', '/v2/apps/g/x', { instances: 2 })).status).toBe(409);
    expect(await reader.when('group_change_failed')).toMatchObject({
      groupId: '/g',
      version: expect.any(String),
      reason: expect.stringMatching(/^App is locked/),
    });
    reader.close();
  });

  it('filters by event_type, and gives light plans', async () => {
    const reader = await EventReader.open(
      marathon,
      '?event_type=deployment_info&event_type=app_terminated_event&plan-format=light',
    );
    await marathon.call('POST', '/v2/apps', { id: 'x', cmd: 'exec sleep 60', ports: [] });
    await marathon.call('DELETE', '/v2/apps/x');
    await reader.when('app_terminated_event');
    expect(new Set(reader.types())).toEqual(new Set(['deployment_info', 'app_terminated_event']));
    expect((await reader.when('deployment_info'))['plan']).toEqual({
      id: expect.any(String),
      version: expect.any(String),
      affectedApps: ['/x'],
      affectedPods: [],
      steps: expect.any(Array),
    });
    reader.close();
  });
});
