// The job `vault_sync`: keeps the graph's blocks equal to the notes of the vault. The vault is never written.

import { defineJob, parseDurationMs, z } from 'aclarai-scheduler';
import { syncVault } from './sync.ts';

export default defineJob({
  handler: 'vault_sync',
  description: 'Syncs the blocks of the vault with the knowledge graph',
  input: z.strictObject({
    full: z
      .boolean()
      .default(false)
      .describe('Read every file and compare with every node of the graph, whatever was known.'),
    full_every: z
      .union([z.string(), z.number()])
      .refine(isDuration, 'a duration such as 7d, or null')
      .nullable()
      .default('7d')
      .describe('A run is full when the last full one is so long ago; null: only when it must be.'),
    dry_run: z.boolean().default(false).describe('Print what would be done; write nothing.'),
    allow_mass_archive: z
      .boolean()
      .default(false)
      .describe('Archive also when more than half of all blocks are gone at once.'),
    allow_mass_update: z
      .boolean()
      .default(false)
      .describe('Write also when more than half of all blocks changed at once.'),
    adopt: z
      .boolean()
      .default(false)
      .describe('Take over hashes that differ only by grammar, without asking for reprocessing.'),
    max_file_mb: z
      .number()
      .positive()
      .max(512)
      .default(64)
      .describe('Larger files are reported and not read.'),
    files: z
      .array(z.string())
      .optional()
      .describe('Look at these files of the vault only; nothing is archived then.'),
  }),
  defaults: { cron: '*/30 * * * *', misfire_policy: 'latest', timeout: '1h' },
  run: syncVault,
});

function isDuration(text: string | number): boolean {
  try {
    return parseDurationMs(text) > 0;
  } catch {
    return false;
  }
}
