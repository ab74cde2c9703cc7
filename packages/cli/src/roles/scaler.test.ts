import { loadConfig } from '@waiter/config';
import { scalerOptions } from '@waiter/scaler';

test('every option of the scaler is one that it reads', () => {
  const { scaler: settings, descriptions } = loadConfig({ env: {} });
  // Those of the process and not of the scaler in it.
  const { statusHost, statusPort, ...scaler } = settings;
  expect([statusHost, statusPort]).toEqual(['127.0.0.1', 0]);
  const known = Object.keys(
    scalerOptions({ id: 'a', clusterName: 'c', passwords: [], descriptions, ...scaler }),
  );
  const defaults = Object.keys(scalerOptions({ id: 'a', clusterName: 'c', passwords: [], descriptions }));
  expect(known.filter((name) => !defaults.includes(name))).toEqual([]);
});
