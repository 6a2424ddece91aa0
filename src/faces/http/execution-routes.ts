// The paths of executions: runs in the words of the event scheduler.

import { z } from 'zod';
import { RUN_STATES } from '#core/run';
import type { RunShape } from '#service/shapes';
import { EXECUTION_STATUSES, executionShape, runStatesOf } from '../compat/event-shapes.ts';
import { executionOf } from '../compat/event-words.ts';
import { type OperationContext, perform, readInput } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import type { OwnRoute } from './own-route.ts';

const executionQuery = z.strictObject({
  event_id: z.string().min(1).optional(),
  status: z.array(z.enum(EXECUTION_STATUSES)).nonempty().optional().describe('several with commas'),
  include: z
    .array(z.enum(['skipped', 'missed']))
    .optional()
    .describe('slots that did not run, too'),
  limit: z.int().min(1).max(500).default(50),
  after: z.string().min(1).optional().describe('`next` of the page before'),
});

const rerunBody = z.strictObject({ force: z.boolean().optional(), retry: z.boolean().optional() });

export const EXECUTION_ROUTES: readonly OwnRoute[] = [
  {
    operation: 'list_runs',
    method: 'GET',
    path: '/executions',
    summary: 'Executions, newest first.',
    query: executionQuery,
    data: z.array(executionShape),
    beside: { next: z.string().nullable().describe('for `after`; null = no more') },
    async answer(context, { query }) {
      const { event_id, status, include = [], limit, after } = query as z.output<typeof executionQuery>;
      const ran = RUN_STATES.filter((state) => state !== 'skipped' && state !== 'missed');
      const states = status ? runStatesOf(status) : [...ran, ...include];
      const runs = await ask<RunShape[]>('list_runs', context, {
        states,
        limit: limit + 1,
        ...(event_id !== undefined && { job: event_id }),
        ...(after !== undefined && { after }),
      });
      const page = runs.slice(0, limit);
      const next = runs.length > limit ? page.at(-1)!.run_id : null;
      return { body: { data: page.map(executionOf), next } };
    },
  },
  {
    operation: 'get_run',
    method: 'GET',
    path: '/executions/:id',
    summary: 'One execution with its attempts, its result or error.',
    data: executionShape,
    answer: (context, { params }) => one('get_run', context, { run: params.id }),
  },
  {
    operation: 'cancel_run',
    method: 'POST',
    path: '/executions/:id/cancel',
    summary: 'Stops an execution; its event stays as it is.',
    data: executionShape,
    answer: (context, { params }) => one('cancel_run', context, { run: params.id }),
  },
  {
    operation: 'rerun',
    method: 'POST',
    path: '/executions/:id/rerun',
    summary: 'Queues an execution again with its own input and settings.',
    body: rerunBody,
    data: executionShape,
    status: 202,
    answer: (context, { params, body }) =>
      one('rerun', context, { ...readInput('rerun', rerunBody, body ?? {}), run: params.id }),
  },
];

async function one(name: string, context: OperationContext, given: unknown) {
  return { body: { data: executionOf(await ask<RunShape>(name, context, given)) } };
}

async function ask<T>(name: string, context: OperationContext, given: unknown): Promise<T> {
  return (await perform(OPERATIONS.get(name)!, context, given)) as T;
}
