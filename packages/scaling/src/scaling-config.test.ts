import { DEFAULT_SCALING, scalingConfig } from './scaling-config';

test('an empty description scales by the defaults of 1.1', () => {
  expect(scalingConfig({})).toEqual(DEFAULT_SCALING);
});

test('reads every parameter by its wire name and ignores what is not a number', () => {
  const parameters = {
    'concurrency-level': 2,
    'scale-factor': 0.5,
    'scale-up-factor': 0.2,
    'scale-down-factor': 0.02,
    'jitter-threshold': 0.3,
    'min-instances': 3,
    'max-instances': 'many',
    'expired-instance-restart-rate': 0.4,
  };
  expect(scalingConfig(parameters)).toEqual({
    concurrencyLevel: 2,
    scaleFactor: 0.5,
    scaleUpFactor: 0.2,
    scaleDownFactor: 0.02,
    jitterThreshold: 0.3,
    minInstances: 3,
    maxInstances: 500,
    expiredInstanceRestartRate: 0.4,
  });
});
