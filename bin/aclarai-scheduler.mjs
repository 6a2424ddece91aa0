#!/usr/bin/env node
// Says in one line what to do where Node is too old for native TypeScript; else starts the program.

const [major] = process.versions.node.split('.').map(Number);
if (major < 26) {
  console.error(
    `aclarai-scheduler needs Node 26 or newer, this is ${process.versions.node}: install it, or run "npx aclarai-scheduler" in a checkout after "npm ci".`,
  );
  process.exit(1);
}
await import('../src/main.ts');
