// Where the vault and its tiers are, and which graph it is kept equal with.

import path from 'node:path';
import type { AppConfig, Neo4jConfig, VaultConfig } from '#core/handler';
import { shown } from './findings.ts';
import { isInside } from './project.ts';
import { checkMapping, checkUnknownKeys, note, type Reading, readSection, warnNearMisses } from './read.ts';
import { PATHS, VAULT } from './sections.ts';
import { isMapping, valueAt } from './tree.ts';

const TIERS = ['tier1', 'tier2', 'tier3'] as const;

/** Absolute paths; other services' keys of the section as they are written. */
export function readPaths(reading: Reading, projectDir: string): AppConfig['paths'] {
  checkMapping(reading, ['paths']);
  warnNearMisses(reading, Object.keys(PATHS), ['paths']);
  const values = readSection(reading, PATHS, ['paths']);
  const vault = path.resolve(projectDir, values.vault);
  const [tier1, tier2, tier3] = TIERS.map((tier) => {
    const folder = path.resolve(vault, values[tier]);
    if (!isInside(vault, folder))
      reading.findings.fault(
        reading.source.at(['paths', tier]),
        'INVALID_VALUE',
        `found ${shown(values[tier])}, expected a folder inside the vault`,
        'write it relative to paths.vault',
      );
    return folder;
  }) as [string, string, string];
  const written = valueAt(reading.source.root, ['paths']);
  return { ...(isMapping(written) ? written : {}), vault, tier1, tier2, tier3 };
}

export function readVault(reading: Reading, neo4j: Neo4jConfig | null): VaultConfig {
  checkMapping(reading, ['vault']);
  checkUnknownKeys(reading, Object.keys(VAULT), ['vault']);
  const values = readSection(reading, VAULT, ['vault']);
  const graph = values.graph ?? (neo4j ? 'neo4j' : 'embedded');
  if (values.graph === undefined) note(reading, ['vault', 'graph'], graph, 'default');
  if (graph === 'neo4j' && !neo4j)
    reading.findings.fault(
      reading.source.at(['vault', 'graph']),
      'INVALID_VALUE',
      'found neo4j, but no server is configured',
      'write databases.neo4j or set NEO4J_HOST',
    );
  return {
    graph,
    exclude: values.exclude,
    publish: values.publish,
    watch: {
      enabled: values.watch.enabled,
      batchIntervalMs: values.watch.batch_interval,
      maxBatchSize: values.watch.max_batch_size,
    },
  };
}
