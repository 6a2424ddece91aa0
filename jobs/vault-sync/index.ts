// The job `vault_sync`: keeps the graph's blocks equal to the notes of the vault. The vault is never written.

import { defineJob, z } from 'aclarai-scheduler';
import { syncVault } from './sync.ts';

export default defineJob({
  handler: 'vault_sync',
  description: 'Syncs the blocks of the vault with the knowledge graph',
  input: z.strictObject({
    full: z
      .boolean()
      .default(false)
      .describe('Read every file and compare with every node, whatever was known. Every run does as yet.'),
    dry_run: z.boolean().default(false).describe('Print what would be done; write nothing.'),
    max_file_mb: z
      .number()
      .positive()
      .max(512)
      .default(64)
      .describe('Larger files are reported and not read.'),
  }),
  defaults: { cron: '*/30 * * * *', misfire_policy: 'latest', timeout: '1h' },
  run: syncVault,
});
