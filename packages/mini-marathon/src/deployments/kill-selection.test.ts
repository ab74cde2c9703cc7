import type { AppDefinition } from '../apps/definition';
import type { Task, TaskState } from '../tasks/task';
import { victims } from './kill-selection';

const task = (id: string, state: TaskState, stagedAtMs: number): Task => ({
  id,
  instanceId: id,
  appId: '/x',
  app: {} as AppDefinition,
  ports: [],
  sandbox: '',
  stagedAtMs,
  startedAtMs: undefined,
  state,
  health: [],
  readiness: [],
  decommissioned: false,
  process: undefined,
  staging: new AbortController(),
  failure: undefined,
});

const tasks = [
  task('old', 'TASK_RUNNING', 1),
  task('middle', 'TASK_RUNNING', 2),
  task('young', 'TASK_RUNNING', 2),
  task('staging', 'TASK_STAGING', 0),
  task('killing', 'TASK_KILLING', 0),
];
const order = (selection: AppDefinition['killSelection']) => victims(tasks, 5, selection).map(({ id }) => id);

describe('kill order (4B.8)', () => {
  it('takes what is slated, then staging, then the youngest', () => {
    expect(order('YOUNGEST_FIRST')).toEqual(['killing', 'staging', 'young', 'middle', 'old']);
  });

  it('takes the oldest first where the app says so', () => {
    expect(order('OLDEST_FIRST')).toEqual(['killing', 'staging', 'old', 'middle', 'young']);
  });

  it('takes none for a negative count', () => {
    expect(victims(tasks, -2, 'YOUNGEST_FIRST')).toEqual([]);
  });
});
