import { LaunchTracker, type LaunchView } from './launch-tracker';

const view = (requested: number, ...ids: string[]): LaunchView => ({
  requested,
  instances: ids.map((id, n) => ({ id, startedAtMs: n, healthy: false })),
});
const healthy = (of: LaunchView, ...ids: string[]): LaunchView => ({
  ...of,
  instances: of.instances.map((each) => ({ ...each, healthy: ids.includes(each.id) })),
});
const scheduling = (tracker: LaunchTracker): number[] =>
  tracker.state(0, 0)['instance-scheduling-start-times'].map((time) => Date.parse(time));
const starting = (tracker: LaunchTracker): string[] =>
  Object.keys(tracker.state(0, 0)['starting-instance-id->start-timestamp']);

test('what is there at first sight is not timed', () => {
  const tracker = new LaunchTracker();
  expect(tracker.update(healthy(view(2, 'a', 'b'), 'a'), 10)).toEqual([]);
  expect(tracker.update(healthy(view(2, 'a', 'b'), 'a', 'b'), 20)).toEqual([]);
  expect([scheduling(tracker), starting(tracker)]).toEqual([[], []]);
});

test('case 52: a request waits for its instance, the instance starts, and is ready', () => {
  const tracker = new LaunchTracker();
  tracker.update(view(0), 0);
  tracker.update(view(1), 10);
  expect(scheduling(tracker)).toEqual([10]);
  const staged = { requested: 1, instances: [{ id: 'a', startedAtMs: null, healthy: false }] };
  expect(tracker.update(staged, 30)).toEqual([{ phase: 'scheduled', instanceId: 'a', tookMs: 20 }]);
  expect([scheduling(tracker), starting(tracker)]).toEqual([[], ['a']]);
  expect(tracker.update(view(1, 'a'), 35)).toEqual([{ phase: 'started', instanceId: 'a', tookMs: 5 }]);
  expect(tracker.update(healthy(view(1, 'a'), 'a'), 75)).toEqual([
    { phase: 'ready', instanceId: 'a', tookMs: 40 },
  ]);
  expect(starting(tracker)).toEqual([]);
});

test('case 53: two more are asked for, then fewer: the newest request is the one that is dropped', () => {
  const tracker = new LaunchTracker();
  tracker.update(view(1, 'a'), 0);
  tracker.update(view(2, 'a'), 10);
  tracker.update(view(3, 'a'), 20);
  expect(scheduling(tracker)).toEqual([10, 20]);
  // Back to 1 with the known one killed: another one is still to come.
  tracker.update(view(1), 30);
  expect(scheduling(tracker)).toEqual([10]);
});

test('case 54: a known instance that disappears is to be replaced', () => {
  const tracker = new LaunchTracker();
  tracker.update(view(1, 'a'), 0);
  tracker.update(view(3, 'a'), 10);
  tracker.update(view(3), 20);
  expect(scheduling(tracker)).toEqual([10, 10, 20]);
  const more = new LaunchTracker();
  more.update(view(3, 'a', 'b', 'c'), 0);
  more.update(view(3, 'a', 'b', 'c'), 5);
  more.update(view(5, 'b', 'c'), 10);
  expect(scheduling(more)).toHaveLength(3);
  more.update(view(5, 'b'), 20);
  expect(scheduling(more)).toHaveLength(4);
  more.update(view(5), 30);
  expect(scheduling(more)).toHaveLength(5);
});

test('an instance that vanishes before it is ready gives no time, and its place is asked for again', () => {
  const tracker = new LaunchTracker();
  tracker.update(view(0), 0);
  tracker.update(view(1, 'a'), 10);
  expect(starting(tracker)).toEqual(['a']);
  expect(tracker.update(view(1), 20)).toEqual([]);
  expect([scheduling(tracker), starting(tracker)]).toEqual([[20], []]);
});
