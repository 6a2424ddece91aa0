import { expect, test } from 'vitest';
import type { JobContext, Json, JsonObject } from '#core/handler';
import housekeeping from '../../../jobs/housekeeping.ts';

type Ctx = Parameters<typeof housekeeping.run>[0];

/** Only what the job uses: its input, and the call. */
function contextWith(input: Ctx['input'], answer: Json, dryRun = false) {
  const calls: [string, JsonObject | undefined][] = [];
  const ctx: Pick<JobContext<Ctx['input']>, 'input' | 'dryRun' | 'call'> = {
    input,
    dryRun,
    async call(operation, given) {
      calls.push([operation, given]);
      return answer;
    },
  };
  return { ctx: ctx as Ctx, calls };
}

const detail = (id: string, deleted: number, kept: number, error?: string): Json => ({
  id,
  success: error === undefined,
  files_deleted: deleted,
  space_freed: deleted * 10,
  files_kept: kept,
  ...(error !== undefined && { error: { code: 'CLEANUP_ERROR', message: error, fix: null } }),
});

const answer = (dryRun: boolean, details: Json[], deleted: number): Json => ({
  report: { total_files_deleted: deleted, total_space_freed: deleted * 10, dry_run: dryRun, details },
  report_file: '/reports/r.json',
});

test('turns the report into statistics', async () => {
  const { ctx, calls } = contextWith({}, answer(false, [detail('a', 2, 3), detail('b', 1, 0)], 3));
  expect(await housekeeping.run(ctx)).toEqual({
    success: true,
    items_processed: 6,
    items_updated: 3,
    files_deleted: 3,
    space_freed: 30,
    dry_run: false,
    rules: 2,
    failed_rules: 0,
    errors: 0,
    report_file: '/reports/r.json',
  });
  expect(calls).toEqual([['cleanup.run', { dry_run: false }]]);
});

test('fails when a rule failed, and names it', async () => {
  const { ctx } = contextWith({}, answer(false, [detail('a', 2, 0), detail('b', 0, 0, 'is the vault')], 2));
  expect(await housekeeping.run(ctx)).toMatchObject({
    success: false,
    files_deleted: 2,
    rules: 2,
    failed_rules: 1,
    errors: 1,
    error: '1 of 2 cleanup rules failed: b: is the vault',
  });
});

test.each([
  [{ dry_run: true }, false],
  [{}, true],
  [{ dry_run: false }, true],
])('asks for a dry run by input %j or by call %s, and then updates nothing', async (input, dryRun) => {
  const { ctx, calls } = contextWith(input, answer(true, [detail('a', 4, 0)], 4), dryRun);
  expect(await housekeeping.run(ctx)).toMatchObject({ dry_run: true, files_deleted: 4, items_updated: 0 });
  expect(calls).toEqual([['cleanup.run', { dry_run: true }]]);
});

test('takes no other input', () => {
  expect(housekeeping.input?.safeParse({ dry_run: true }).success).toBe(true);
  expect(housekeeping.input?.safeParse({ dryrun: true }).success).toBe(false);
  expect(housekeeping.input?.safeParse({ dry_run: 'yes' }).success).toBe(false);
});
