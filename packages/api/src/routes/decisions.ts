import type { Request } from 'express';
import { isMap, WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';
import { explainDecision } from '@waiter/scaling';
import type { ApiDeps } from '../deps';
import { integerOf, valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { idOf, notFound } from '../services/managed-service';

const DEFAULT_LENGTH = 20;
const MOST = 1_000;

/**
 * `/apps/<service-id>/decisions?length=N&after=ID`: what the scaler decided for a service and from which numbers, newest first.
 * Our own; the original kept no such record.
 */
export function decisionsRoutes({ store }: Pick<ApiDeps, 'store'>): Route[] {
  return [
    {
      path: '/apps/:id/decisions',
      auth: 'user',
      methods: {
        GET: async (request) => {
          const id = idOf(request);
          const length =
            integerOf(request, 'length') ?? (request.query['length'] === undefined ? DEFAULT_LENGTH : 0);
          if (length < 1 || length > MOST) {
            throw new WaiterError(`length must be an integer between 1 and ${MOST}`, { status: 400 });
          }
          const after = afterOf(request);
          const [record, entries] = await Promise.all([
            store.services.get(id),
            after === null ? store.decisions.read(id, length) : store.decisions.readAfter(id, after, length),
          ]);
          if (record === null && entries.length === 0) throw notFound(id);
          const decisions = entries.map(({ id: entry, atMs, decision }) => {
            const shown = kebabKeys(decision);
            return {
              id: entry,
              time: new Date(atMs).toISOString(),
              ...(isMap(shown) ? shown : { decision: shown }),
              explanation: explainDecision(decision),
            };
          });
          return { json: { 'service-id': id, decisions } };
        },
      },
    },
  ];
}

/** @throws WaiterError 400 */
function afterOf(request: Request): string | null {
  const values = valuesOf(request, 'after');
  const [id = ''] = values;
  if (values.length === 0) return null;
  if (values.length === 1 && /^\d{1,15}-\d{1,15}$/.test(id)) return id;
  throw new WaiterError('after must be the id of a decision', { status: 400 });
}

/** Names in code are camelCase, on the wire kebab-case. */
function kebabKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(kebabKeys);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      /^[a-z][a-zA-Z0-9]*$/.test(key) ? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : key,
      kebabKeys(item),
    ]),
  );
}
