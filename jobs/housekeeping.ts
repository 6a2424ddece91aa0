// The nightly cleanup: asks the service to run every rule of the housekeeper and turns its report into statistics.

import { defineJob, z } from 'aclarai-scheduler';

const Detail = z.object({
  id: z.string(),
  success: z.boolean(),
  files_deleted: z.number(),
  space_freed: z.number(),
  files_kept: z.number(),
  error: z.object({ message: z.string() }).optional(),
});

const Answer = z.object({
  report: z.object({
    total_files_deleted: z.number(),
    total_space_freed: z.number(),
    dry_run: z.boolean(),
    details: z.array(Detail),
  }),
  report_file: z.string().nullish(),
});

export default defineJob({
  description: 'Clean up old files by the rules of the housekeeper',
  input: z.strictObject({ dry_run: z.boolean().optional() }),
  defaults: { cron: '0 3 * * *' },
  /** Fails when a rule failed, after all others ran; the error names each failed rule. */
  async run(ctx) {
    const dryRun = ctx.dryRun || ctx.input.dry_run === true;
    const { report, report_file } = Answer.parse(await ctx.call('cleanup.run', { dry_run: dryRun }));
    const failed = report.details.filter((detail) => !detail.success);
    const kept = report.details.reduce((sum, detail) => sum + detail.files_kept, 0);
    const touched = report.details.reduce((sum, detail) => sum + detail.files_deleted, 0);
    const deleted = report.dry_run ? 0 : report.total_files_deleted;
    return {
      success: failed.length === 0,
      items_processed: touched + kept,
      items_updated: deleted,
      files_deleted: report.total_files_deleted,
      space_freed: report.total_space_freed,
      dry_run: report.dry_run,
      rules: report.details.length,
      failed_rules: failed.length,
      errors: failed.length,
      report_file: report_file ?? null,
      ...(failed.length > 0 && { error: explain(failed, report.details.length) }),
    };
  },
});

function explain(failed: z.output<typeof Detail>[], total: number): string {
  const each = failed.map((detail) => `${detail.id}: ${detail.error?.message ?? 'no reason given'}`);
  return `${failed.length} of ${total} cleanup rules failed: ${each.join('; ')}`;
}
