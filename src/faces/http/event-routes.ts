// The paths of events: jobs in the words of the event scheduler.

import { z } from 'zod';
import { createEvent, createEvents, executeEvent, findEvent, updateEvent } from '../compat/event-calls.ts';
import { eventCreate, eventUpdate } from '../compat/event-input.ts';
import { eventShape } from '../compat/event-shapes.ts';
import { EVENT_STATUSES } from '../compat/event-words.ts';
import { type EventFilters, eventPage } from '../compat/events.ts';
import { type OperationContext, perform, readInput } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import type { OwnRoute } from './own-route.ts';

/** So many events at once: more would hold up the slots of others while they are written. */
const MOST_AT_ONCE = 1_000;
const LIST_LIMIT = 8 * 1024 * 1024;

const eventQuery = z.strictObject({
  status: z.enum([...EVENT_STATUSES, 'active', 'disabled', 'orphaned']).optional(),
  module_id: z.string().optional(),
  function_name: z.string().optional(),
  recurring: z.boolean().optional(),
  limit: z.int().min(1).max(500).default(50),
  after: z.string().max(1_000).optional().describe('`next` of the page before'),
});
const madeShape = z.strictObject({ event_id: z.string() });
const pauseBody = z.strictObject({ reason: z.string().max(1_000).nullish(), until: z.string().nullish() });
const resumeBody = z.strictObject({ catch_up: z.literal('latest').nullish() });
const none = z.strictObject({});

export const EVENT_ROUTES: readonly OwnRoute[] = [
  {
    operation: 'list_jobs',
    method: 'GET',
    path: '/events',
    summary: 'Events, the next to run first.',
    query: eventQuery,
    data: z.array(eventShape),
    beside: {
      total_count: z.int().describe('of all events'),
      filtered_count: z.int().describe('of those that match, on all pages'),
      next: z.string().nullable().describe('for `after`; null = no more'),
    },
    async answer({ installation }, { query }) {
      const { limit, after = null, ...filters } = query as z.output<typeof eventQuery>;
      const { events, ...counts } = await eventPage(
        installation.service,
        filters as EventFilters,
        limit,
        after,
      );
      return { body: { data: events, ...counts } };
    },
  },
  {
    operation: 'create_job',
    method: 'POST',
    path: '/events',
    summary: `Makes an event, or up to ${MOST_AT_ONCE} at once: all or none.`,
    body: z.union([eventCreate, z.array(eventCreate).min(1).max(MOST_AT_ONCE)]),
    data: z.union([madeShape, z.array(madeShape)]),
    status: 201,
    bodyLimit: LIST_LIMIT,
    async answer(context, { body, token }) {
      if (!Array.isArray(body)) return { body: { data: await createEvent(context, body ?? {}, token) } };
      const { events } = readInput('the list', listOfEvents, { events: body });
      return { body: { data: await createEvents(context, events, token) } };
    },
  },
  {
    operation: 'get_job',
    method: 'GET',
    path: '/events/:id',
    summary: 'One event.',
    data: eventShape,
    revised: true,
    async answer(context, { params }) {
      const { event, revision } = await findEvent(context, params.id!);
      return { body: { data: event }, revision };
    },
  },
  {
    operation: 'update_job',
    method: 'PATCH',
    path: '/events/:id',
    summary: 'Changes what is given of an event that is not in the settings file.',
    body: eventUpdate,
    data: eventShape,
    revised: true,
    async answer(context, { params, body, ifMatch }) {
      const { event, revision } = await updateEvent(context, params.id!, body ?? {}, ifMatch);
      return { body: { data: event }, revision };
    },
  },
  {
    operation: 'delete_job',
    method: 'DELETE',
    path: '/events/:id',
    summary: 'Takes an event away; its history stays until retention, unless it is purged.',
    query: z.strictObject({ purge: z.boolean().default(false), cancel_running: z.boolean().default(false) }),
    data: z.strictObject({ deleted: z.literal(true), event_id: z.string() }),
    async answer(context, { params, query }) {
      const { deleted } = await ask<{ deleted: string }>('delete_job', context, { ...query, job: params.id });
      return { body: { data: { deleted: true, event_id: deleted } } };
    },
  },
  {
    operation: 'pause',
    method: 'POST',
    path: '/events/:id/pause',
    summary: 'Starts no more planned runs of the event.',
    body: pauseBody,
    data: z.strictObject({ paused: z.literal(true), event_id: z.string() }),
    async answer(context, { params, body }) {
      const { reason, until } = readInput('pause', pauseBody, body ?? {});
      const given = { job: params.id, reason: reason ?? null, ...(until && { until }) };
      const { job } = await ask<{ job: string }>('pause', context, given);
      return { body: { data: { paused: true, event_id: job } } };
    },
  },
  {
    operation: 'resume',
    method: 'POST',
    path: '/events/:id/resume',
    summary: 'Lifts the pause of the event, and says what still holds it.',
    body: resumeBody,
    data: z.looseObject({ resumed: z.literal(true), event_id: z.string() }),
    async answer(context, { params, body }) {
      const { catch_up } = readInput('resume', resumeBody, body ?? {});
      const given = { job: params.id, ...(catch_up && { catch_up }) };
      const {
        job,
        resumed: _count,
        ...rest
      } = await ask<{ job: string; resumed: number }>('resume', context, given);
      return { body: { data: { resumed: true, event_id: job, ...rest } } };
    },
  },
  {
    operation: 'run_job',
    method: 'POST',
    path: '/events/:id/execute',
    summary: 'Runs the event now; 202 where its end is not waited for, or takes longer than 30 s.',
    query: z.strictObject({ wait: z.boolean().default(true) }),
    body: none,
    data: z.strictObject({
      execution_id: z.string(),
      event_id: z.string(),
      success: z.boolean().nullable(),
      result: z.unknown(),
    }),
    async answer(context, { params, query, body }) {
      readInput('execute', none, body ?? {});
      const { isOver, answer } = await executeEvent(context, params.id!, query.wait !== false);
      return { status: isOver ? 200 : 202, body: { data: answer } };
    },
  },
];

const listOfEvents = z.strictObject({ events: z.array(z.unknown()).min(1).max(MOST_AT_ONCE) });

async function ask<T>(name: string, context: OperationContext, given: unknown): Promise<T> {
  return (await perform(OPERATIONS.get(name)!, context, given)) as T;
}
