// The scheduler as a handler: a job that schedules, cancels or runs others by the operations of the tool.

import { defineJob, z } from 'aclarai-scheduler';

const Output = z.looseObject({
  success: z.boolean(),
  message: z.string(),
  code: z.string().optional(),
});

export default defineJob({
  description:
    'Perform an operation of the scheduler tool: schedule, cancel, pause, resume, run_now, list, …',
  defaults: { isolation: 'inline', retries: 0 },
  async run(ctx) {
    const output = Output.parse(await ctx.call('scheduler', ctx.input));
    if (output.success) return output;
    return { ...output, error: { code: output.code ?? 'EXECUTION_ERROR', message: output.message } };
  },
});
