import type { Route } from '../http/route';

/** A white W on blue, 16 x 16. */
export const ICON = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAMAAAAoLQ9TAAAABlBMVEUgSHj///9kfQEQAAAAIUlEQVR42mNgoAZgBBOMcCamAIiCIyIFYAYwMhAv' +
    'QCkAABIwACGW/bfPAAAAAElFTkSuQmCC',
  'base64',
);

/** `/favicon.ico` (spec: services-and-tokens 4.18). */
export function faviconRoutes(): Route[] {
  return [
    {
      path: '/favicon.ico',
      auth: 'none',
      methods: {
        any: () => ({
          headers: { 'content-type': 'image/png', 'cache-control': 'public, max-age=600' },
          body: ICON,
        }),
      },
    },
  ];
}
