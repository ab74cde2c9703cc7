import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory, waitFor, type TemporaryDirectory } from '@waiter/testkit';
import { LineWriter } from './line-writer';

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await temporaryDirectory('line-writer');
});

afterAll(() => directory.remove());

const unexpected = (error: Error): void => {
  throw error;
};

test('lines arrive whole and in order, over many buffers, and those of before stay', async () => {
  const file = join(directory.path, 'many');
  const lines = Array.from({ length: 20_000 }, (_, i) => `${i} ${'x'.repeat(i % 100)}`);
  for (const part of [lines.slice(0, 15_000), lines.slice(15_000)]) {
    const writer = new LineWriter(file, unexpected);
    for (const line of part) writer.write(line);
    await writer.close();
    expect(writer.dropped).toBe(0);
  }
  expect((await readFile(file, 'utf8')).split('\n')).toEqual([...lines, '']);
});

test('a few lines are written soon', async () => {
  const file = join(directory.path, 'few');
  const writer = new LineWriter(file, unexpected);
  writer.write('one');
  await waitFor('the line', async () => (await readFile(file, 'utf8')) === 'one\n');
  await writer.close();
});

test('a file that cannot be opened is told once; lines are dropped', async () => {
  const errors: Error[] = [];
  const writer = new LineWriter(join(directory.path, 'none', 'x'), (error) => errors.push(error));
  await waitFor('the error', () => errors.length > 0);
  writer.write('a');
  expect([errors.length, writer.dropped]).toEqual([1, 1]);
  await writer.close();
});

test('a full disk is told once, and ends nothing else', async () => {
  const file = join(directory.path, 'full');
  await symlink('/dev/full', file);
  const errors: Error[] = [];
  const writer = new LineWriter(file, (error) => errors.push(error));
  writer.write('a');
  await waitFor('the error', () => errors.length > 0);
  writer.write('b');
  expect([errors.length, writer.dropped]).toEqual([1, 1]);
  await writer.close();
});

test('more than can be kept is dropped, and counted', async () => {
  const writer = new LineWriter(join(directory.path, 'much'), unexpected);
  const line = 'x'.repeat(99_999);
  for (let i = 0; i < 200; i += 1) writer.write(line);
  const { dropped } = writer;
  expect(dropped).toBeGreaterThan(50);
  await writer.close();
  expect((await readFile(join(directory.path, 'much'))).length).toBe((200 - dropped) * 100_000);
});
