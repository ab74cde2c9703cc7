import { refused, type Operation, type Operations, type Response } from '../operation';
import { text } from '../shapes';

const relayed = (description: string): Response => ({ description, content: { '*/*': text } });
const timeouts = {
  'x-waiter-timeout': { description: 'Silence of the instance, in ms.' },
  'x-waiter-streaming-timeout': { description: 'Stall of a body, in ms.' },
};
const refusals = {
  400: refused('The address lacks a part.'),
  403: refused('Waiter did not give out this address, or the caller may not use the service.'),
  410: refused('The request is unknown to its instance, or the instance is gone.'),
};

const status: Operation = {
  summary: 'How far an async request is, as its instance says',
  description: 'At the address that the 202 named as its `location`; from any router.',
  auth: 'user',
  headers: timeouts,
  responses: {
    200: relayed('It works on it.'),
    303: {
      description: 'It is done.',
      content: { '*/*': text },
      headers: { location: 'Where its result is: /waiter-async/result/... when the instance has it.' },
    },
    ...refusals,
  },
};

const cancel: Operation = {
  summary: 'Cancel an async request',
  auth: 'user',
  headers: timeouts,
  responses: {
    200: relayed('Cancelled; its slot is free.'),
    204: { description: 'The same without words.', content: {} },
    405: relayed('This one cannot be cancelled; it goes on.'),
    ...refusals,
  },
};

const result: Operation = {
  summary: 'The result of an async request, as its instance says; with any method',
  description: 'Ends the request for Waiter, whatever the instance says: its slot is free.',
  auth: 'user',
  headers: timeouts,
  responses: { 200: relayed('The result, or whatever else the instance answers.'), ...refusals },
};

const PLACE = ':requestId/:routerId/:serviceId/:host/:port/:path';
/** Where what is spoken with the instance is not the `backend-proto` of the service. */
const SECOND = ':requestId/:data/:path';

/** What instances go on with after a 202 (spec: request-path 7). */
export const ASYNC_OPERATIONS: Operations = Object.fromEntries(
  [PLACE, SECOND].flatMap((place, i) => {
    const prefix = i === 0 ? '/waiter-async' : '/waiter-async/v2';
    return [
      [`${prefix}/status/${place}`, { get: status, delete: cancel }],
      [`${prefix}/result/${place}`, { get: result, post: result, put: result, delete: result }],
    ];
  }),
);
