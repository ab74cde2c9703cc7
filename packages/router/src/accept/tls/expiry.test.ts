import { X509Certificate } from 'node:crypto';
import { selfSigned } from '@waiter/kitchen';
import { Expiry, type Expiring } from './expiry';

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;
let certificate: { file: string; parsed: X509Certificate };
beforeAll(async () => {
  certificate = { file: 'some.crt', parsed: new X509Certificate((await selfSigned(new Date(0))).cert) };
});

test('a certificate is spoken of from two weeks before its end, once a day, and when it is new', () => {
  const said: Expiring[] = [];
  const expiry = new Expiry((one) => said.push(one));
  const at = (daysBefore: number, fresh = false): number => {
    expiry.look([certificate], fresh, VALID_MS - daysBefore * DAY_MS);
    return said.splice(0).length;
  };
  expect([at(300, true), at(15), at(14.5)]).toEqual([0, 0, 0]);
  expect([at(13.9), at(13.5), at(12.8)]).toEqual([1, 0, 1]);
  expect(at(12.7, true)).toBe(1);
});

test('one that is over says so', () => {
  const said: Expiring[] = [];
  new Expiry((one) => said.push(one)).look([certificate], false, VALID_MS + 1);
  expect(said).toEqual([{ file: 'some.crt', validTo: new Date(VALID_MS), over: true }]);
});
