// Operations for those who keep the service: who changed what, and the settings read anew.

import { z } from 'zod';
import { instantOf, operation } from './operation.ts';

export const upkeepOperations = [
  operation({
    name: 'audit',
    summary: 'Who changed what, newest first, with how it was before.',
    effect: 'admin',
    input: z.strictObject({
      job: z.string().min(1).optional().describe('id of a job, or a name that only one job has'),
      before: z.string().optional().describe('only changes up to this time'),
      limit: z.int().min(1).max(10_000).default(50),
    }),
    output: z.array(
      z.strictObject({
        at: z.string(),
        job: z.string().nullable(),
        what: z.string(),
        before: z.json(),
        after: z.json(),
        by: z.string(),
      }),
    ),
    handle: (context, { job, before, limit }) =>
      context.installation.service.audit({
        limit,
        ...(job !== undefined && { job }),
        ...(before !== undefined && { before: instantOf(context, before) }),
      }),
  }),
  operation({
    name: 'reload',
    summary: 'Reads the settings anew; with any fault in them the last good ones stay.',
    effect: 'admin',
    input: z.strictObject({}),
    output: z.strictObject({
      reloaded: z.boolean(),
      config_error: z.array(z.string()).nullable(),
      restart_required: z.array(z.string()),
    }),
    handle: async ({ installation }) => {
      await installation.reload();
      const { config_error, restart_required } = await installation.status();
      return { reloaded: config_error === null, config_error, restart_required: [...restart_required] };
    },
  }),
];
