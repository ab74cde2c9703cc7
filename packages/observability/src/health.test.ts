import { HealthRegistry } from './health';

it('is ok when every check is', async () => {
  const health = new HealthRegistry();
  health.register({ name: 'redis', run: () => ({ ok: true }) });
  health.register({ name: 'marathon', run: () => Promise.resolve({ ok: true, message: 'leader m1' }) });
  expect(await health.report()).toEqual({
    status: 'ok',
    checks: { redis: { ok: true }, marathon: { ok: true, message: 'leader m1' } },
  });
});

it('is degraded by a check that is not critical and failing by one that is', async () => {
  const health = new HealthRegistry();
  health.register({ name: 'events', critical: false, run: () => ({ ok: false, message: 'reconnecting' }) });
  expect((await health.report()).status).toBe('degraded');
  health.register({ name: 'redis', run: () => Promise.reject(new Error('connection refused')) });
  expect(await health.report()).toEqual({
    status: 'failing',
    checks: {
      events: { ok: false, message: 'reconnecting' },
      redis: { ok: false, message: 'connection refused' },
    },
  });
});

it('does not wait for a check that hangs', async () => {
  const health = new HealthRegistry(10);
  health.register({ name: 'stuck', run: () => new Promise(() => undefined) });
  expect((await health.report()).checks['stuck']).toEqual({ ok: false, message: 'no answer within 10 ms' });
});

it('refuses two checks of one name', () => {
  const health = new HealthRegistry();
  health.register({ name: 'redis', run: () => ({ ok: true }) });
  expect(() => health.register({ name: 'redis', run: () => ({ ok: true }) })).toThrow('exists already');
});
