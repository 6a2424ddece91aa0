// The job of the load: leaves a line in the effect file before and after its work, and fails where it is told to.

import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { defineJob, type JobContext, z } from 'aclarai-scheduler';
import { spring } from '../trap.ts';

const input = z.object({
  /** Of the project: where the effect file and the trap are. */
  dir: z.string(),
  work: z.number().default(0),
  /** `sometimes` = the first attempt of every second slot, all of every fifth slot. */
  fails: z.enum(['never', 'sometimes', 'always']).default('never'),
});
type Input = z.output<typeof input>;

export default defineJob({
  handler: 'effect',
  input,
  async run(ctx: JobContext<Input>) {
    const { dir, work, fails } = ctx.input;
    spring(dir, 'handler entered');
    leave(ctx, 'begin');
    try {
      spring(dir, 'handler at work');
      if (work > 0) await ctx.sleep(work);
      if (fails === 'always' || (fails === 'sometimes' && mustFail(ctx))) throw new Error('as it was told');
      ctx.state = countOf(ctx.state) + 1;
      spring(dir, 'handler done');
      return { items_processed: 1 };
    } finally {
      leave(ctx, 'end');
    }
  },
});

function leave(ctx: JobContext<Input>, what: 'begin' | 'end'): void {
  const { job, runId, slot, attempt, idempotencyKey: key } = ctx;
  const line = { what, job, runId, slot, attempt, key, pid: process.pid, at: Date.now() };
  appendFileSync(path.join(ctx.input.dir, 'effects.jsonl'), `${JSON.stringify(line)}\n`);
}

function mustFail({ slot, attempt }: JobContext<Input>): boolean {
  const n = Math.floor((slot ?? 0) / 1000);
  return n % 5 === 0 || (n % 2 === 0 && attempt === 1);
}

function countOf(state: unknown): number {
  return typeof state === 'number' ? state : 0;
}
