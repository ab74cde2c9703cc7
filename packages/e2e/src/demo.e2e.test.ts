import { join } from 'node:path';
import { startProcess } from '@waiter/testkit';

it('the demo shows 0 -> N -> 0 instances and leaves', async () => {
  const demo = await startProcess({
    name: 'demo',
    command: process.execPath,
    args: [join(__dirname, '..', '..', 'cli', 'bin', 'waiter.js'), 'demo'],
  });
  const { code } = await demo.exited;
  expect(demo.output()).toMatch(/requests answered, 0 failed\..*Instances: 0 → [2-9]\d* → 0\./);
  expect(code).toBe(0);
}, 150_000);
