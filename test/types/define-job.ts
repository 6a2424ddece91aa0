// What the compiler knows of a job: `tsc` is the test; a line under @ts-expect-error that compiles is a failure.

import {
  defineJob,
  type JobContext,
  type JobLog,
  type Json,
  type JsonObject,
  type LastSuccess,
  z,
} from 'aclarai-scheduler';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_Claim extends true>() => {};

/** Input is what the schema makes of it, not what is written in the settings. */
export const typed = defineJob({
  description: 'typed',
  input: z.object({
    folder: z.string(),
    since: z.iso.date().transform((text) => new Date(text)),
    n: z.int().default(1),
  }),
  defaults: { cron: '0 4 * * *', timeout: '10m', retries: 2, folder: 'notes' },
  async run(ctx) {
    is<Same<typeof ctx.input, { folder: string; since: Date; n: number }>>();
    // @ts-expect-error a parameter that the schema does not have
    void ctx.input.other;
    is<Same<typeof ctx.signal, AbortSignal>>();
    is<Same<typeof ctx.log, JobLog>>();
    is<Same<typeof ctx.attempt, number>>();
    is<Same<typeof ctx.slot, number | null>>();
    is<Same<typeof ctx.dueAt, number>>();
    is<Same<typeof ctx.idempotencyKey, string>>();
    is<Same<typeof ctx.dryRun, boolean>>();
    is<Same<typeof ctx.state, Json>>();
    is<Same<typeof ctx.lastSuccess, LastSuccess | null>>();
    is<Same<typeof ctx.window, { from: number | null; to: number }>>();
    is<Same<typeof ctx.stateDir, string>>();
    is<Same<typeof ctx.config.paths.vault, string>>();
    is<Same<ReturnType<typeof ctx.paused>, boolean>>();
    is<Same<ReturnType<typeof ctx.sleep>, Promise<void>>>();
    is<Same<ReturnType<typeof ctx.call>, Promise<Json>>>();
    // @ts-expect-error only `state` may be assigned
    ctx.input = { folder: 'x', since: new Date(0), n: 1 };
    ctx.state = { seen: ['a'] };
    // @ts-expect-error a state is plain JSON
    ctx.state = new Date(0);
    ctx.progress(1);
    ctx.progress(1, 2, 'half');
    // @ts-expect-error progress is a number
    ctx.progress('1');
    return { items_processed: ctx.input.n, own: ['anything'] };
  },
});

/** Behind `return ctx.skip(…)` the compiler knows what is left. */
export const narrowing = defineJob({
  input: z.object({ note: z.string().optional() }),
  run(ctx) {
    const { note } = ctx.input;
    if (note === undefined) return ctx.skip('no note');
    is<Same<typeof note, string>>();
    if (ctx.attempt > 1) return ctx.retryAfter('2m');
    return { length: note.length };
  },
});

/** Without a schema the input is any JSON object. */
export const bare = defineJob({
  run(ctx) {
    is<Same<typeof ctx.input, JsonObject>>();
  },
});

export const nothing = defineJob({ async run() {} });

/** A function elsewhere gets the context by its type. */
export async function part(ctx: JobContext<{ folder: string }>): Promise<number> {
  await ctx.sleep('1s');
  await ctx.sleep(1_000);
  return ctx.input.folder.length;
}

// @ts-expect-error a job has a `run`
defineJob({ description: 'nothing to do' });
defineJob({
  // @ts-expect-error a result is an object or nothing
  run: () => 5,
});
defineJob({
  // @ts-expect-error statistics that others read have their types
  run: () => ({ items_processed: 'many' }),
});
