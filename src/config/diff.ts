// What of a changed settings file only a restart applies (rule 14); all else is live. Pure.

import path from 'node:path';
import { deepFreeze } from './secrets.ts';
import type { RestartRequired, Settings } from './settings.ts';

const FIXED: readonly { path: string; of: (settings: Settings) => unknown }[] = [
  { path: 'state_dir', of: (settings) => settings.stateDir },
  { path: 'server.host', of: (settings) => settings.server.host },
  { path: 'server.port', of: (settings) => settings.server.port },
  { path: 'server.tokens', of: (settings) => settings.server.tokens },
  { path: 'paths.vault', of: (settings) => settings.app.paths.vault },
  { path: 'databases.neo4j', of: (settings) => settings.app.databases.neo4j },
  { path: 'databases.rabbitmq', of: (settings) => settings.app.databases.rabbitmq },
];

/** Dotted paths whose value in `after` is not the one the process runs with. Never the values: some are secret. */
export function restartRequired(running: Settings, after: Settings): RestartRequired {
  return FIXED.filter(({ of }) => JSON.stringify(of(running)) !== JSON.stringify(of(after))).map(
    (fixed) => fixed.path,
  );
}

/** The new settings with all that only a restart applies left as it runs now. */
export function keepUntilRestart(running: Settings, after: Settings): Settings {
  const { vault } = running.app.paths;
  const inVault = (tier: string) => path.join(vault, path.relative(after.app.paths.vault, tier));
  const { tier1, tier2, tier3 } = after.app.paths;
  return deepFreeze({
    ...after,
    stateDir: running.stateDir,
    server: running.server,
    // What is still in use must stay hidden, too.
    secrets: [...new Set([...after.secrets, ...running.secrets])],
    app: {
      ...after.app,
      paths: {
        ...after.app.paths,
        vault,
        tier1: inVault(tier1),
        tier2: inVault(tier2),
        tier3: inVault(tier3),
      },
      databases: running.app.databases,
      vault: { ...after.app.vault, graph: running.app.vault.graph },
    },
  });
}
