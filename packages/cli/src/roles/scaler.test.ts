import { loadConfig } from '@waiter/config';
import { scalerOptions } from '@waiter/scaler';

test('every option of the scaler is one that it reads', () => {
  const { scaler, descriptions } = loadConfig({ env: {} });
  const known = Object.keys(
    scalerOptions({ id: 'a', clusterName: 'c', passwords: [], descriptions, ...scaler }),
  );
  const defaults = Object.keys(scalerOptions({ id: 'a', clusterName: 'c', passwords: [], descriptions }));
  expect(known.filter((name) => !defaults.includes(name))).toEqual([]);
});
