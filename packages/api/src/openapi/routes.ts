import express from 'express';
import type { Express, Router } from 'express';
import { dispatch, type Route } from '../http/route';
import { openApiDocument, type OpenApiDocument } from './document';
import { openApiPage } from './page';
import { servedPaths } from './served-paths';

/** `/openapi.json`, and `/openapi` for people: made when first asked for, from the routes that the API then has. */
export function openApi(version: string, app: Express): Router {
  let made: OpenApiDocument | undefined;
  const document = (): OpenApiDocument => (made ??= openApiDocument(version, servedPaths(app)));
  const routes: readonly Route[] = [
    { path: '/openapi.json', auth: 'none', methods: { GET: () => ({ json: document() }) } },
    {
      path: '/openapi',
      auth: 'none',
      methods: {
        GET: () => ({
          headers: { 'content-type': 'text/html; charset=utf-8' },
          body: openApiPage(document()),
        }),
      },
    },
  ];
  const router = express.Router({ strict: true, caseSensitive: true });
  for (const route of routes) router.all(route.path, dispatch(route));
  return router;
}
