import { WaiterError } from '@waiter/core';
import type { Route } from '../http/route';
import { pathParameter } from '../services/managed-service';
import { ICON } from './favicon';

/** Three waves, white on blue. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="Waiter">
<rect width="64" height="64" rx="12" fill="#204878"/>
<path d="M12 18l9 28 11-22 11 22 9-28" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/>
</svg>
`;

const IMAGES: Readonly<Record<string, { readonly type: string; readonly body: string | Buffer }>> = {
  'logo.svg': { type: 'image/svg+xml', body: LOGO },
  'waiter.svg': { type: 'image/svg+xml', body: LOGO },
  'logo.png': { type: 'image/png', body: ICON },
  'waiter.png': { type: 'image/png', body: ICON },
};

/** `/images/<name>` (spec: services-and-tokens 4.18). */
export function imagesRoutes(): Route[] {
  return [
    {
      path: '/images/:name',
      auth: 'none',
      methods: {
        GET: (request) => {
          const name = pathParameter(request, 'name');
          const image = Object.hasOwn(IMAGES, name) ? IMAGES[name] : undefined;
          if (image === undefined) throw new WaiterError('Image not found', { status: 404 });
          return {
            headers: { 'content-type': image.type, 'cache-control': 'public, max-age=600' },
            body: image.body,
          };
        },
      },
    },
  ];
}
