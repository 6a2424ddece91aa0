// Where job code finds its packages: in its own folder first, then in the application.

import type { registerHooks } from 'node:module';

type Resolve = Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>;

/** So `aclarai-scheduler`, `zod` and the rest are there for a file outside the package, too. */
export function resolveBare(
  specifier: Resolve[0],
  context: Resolve[1],
  nextResolve: Resolve[2],
): ReturnType<Resolve[2]> {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return nextResolve(specifier, { ...context, parentURL: import.meta.url });
  }
}
