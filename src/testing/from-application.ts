// For `node --import`: a test that lies outside the package finds the package, as the job beside it does.

import { registerHooks } from 'node:module';
import { resolveBare } from '#runs/handlers/bare-imports';

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    /^(\.{0,2}\/|file:|node:)/.test(specifier)
      ? nextResolve(specifier, context)
      : resolveBare(specifier, context, nextResolve),
});
