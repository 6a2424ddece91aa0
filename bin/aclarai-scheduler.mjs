#!/usr/bin/env node
// Says in one line what to do where Node is too old for native TypeScript; else starts the program.

import { existsSync } from 'node:fs';

const [major] = process.versions.node.split('.').map(Number);
if (major < 26) {
  console.error(
    `aclarai-scheduler needs Node 26 or newer, this is ${process.versions.node}: install it, or run "npx aclarai-scheduler" in a checkout after "npm ci".`,
  );
  process.exit(1);
}
// A checkout runs its sources, a package what was compiled from them: Node strips no types below node_modules.
const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/src/main.js', import.meta.url).href);
