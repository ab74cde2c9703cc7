import { exitMessage } from './exit-status';

it('says how a command ended as Mesos does (4B.4)', () => {
  expect(exitMessage({ code: 3, signal: null })).toBe('Command exited with status 3');
  expect(exitMessage({ code: null, signal: 'SIGKILL' })).toBe('Command terminated with signal Killed');
});
