import type { Express } from 'express';

/** What express keeps of a route or of a router that is mounted; not part of its types. */
interface Layer {
  readonly route?: { readonly path: unknown };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

/** Every path with a handler of its own, mounted routers included; patterns that only guard are no paths. */
export function servedPaths(app: Express): string[] {
  const pathsIn = (layers: readonly Layer[]): string[] =>
    layers.flatMap(({ route, handle }) =>
      route === undefined
        ? pathsIn(handle?.stack ?? [])
        : [route.path]
            .flat()
            .filter((path) => typeof path === 'string')
            // A rest of any length is documented like one part.
            .map((path) => path.replace(/\{\*(\w+)\}/g, ':$1')),
    );
  return pathsIn(app.router.stack as readonly Layer[]);
}
