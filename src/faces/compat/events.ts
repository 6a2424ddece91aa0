// Jobs and runs as events and executions, for whoever speaks those words: the TypeScript adapter and the REST routes.

import { z } from 'zod';
import { InvalidFields } from '#core/errors';
import { LIVE_STATES } from '#core/run';
import type { SchedulerService } from '#service/service';
import type { JobShape, RunShape } from '#service/shapes';
import {
  byNextExecution,
  type EventShape,
  eventOf,
  eventStatus,
  type JobFacts,
  statusFilter,
} from './event-words.ts';

type Asked = Pick<SchedulerService, 'list' | 'find' | 'history'>;

export interface EventFilters {
  /** Ours are understood, too. */
  status?: string;
  module_id?: string;
  function_name?: string;
  recurring?: boolean;
}

export interface EventPage {
  /** Ascending by next_execution. */
  events: EventShape[];
  total_count: number;
  /** Matching, on all pages. */
  filtered_count: number;
  /** Begins the page after this one; null = this is the last. */
  next: string | null;
}

/** More runs are not live at a time. */
const MOST_LIVE = 10_000;

/** Throws InvalidFields for a status that there is not, and for an `after` that is no `next`. */
export async function eventPage(
  service: Asked,
  filters: EventFilters,
  limit: number,
  after: string | null = null,
): Promise<EventPage> {
  const begin = after === null ? null : readPlace(after);
  const jobs = await service.list();
  const { status, module_id, function_name, recurring } = filters;
  const isMeant = status === undefined ? () => true : statusFilter(status);
  const live = new Set((await service.history({ states: LIVE, limit: MOST_LIVE })).map(({ job }) => job));
  const found: EventShape[] = [];
  for (const job of jobs) {
    if (function_name !== undefined && job.handler !== function_name) continue;
    const facts = await factsOf(service, job, live.has(job.id));
    const event = eventOf(job, facts);
    if (module_id !== undefined && event.module_id !== module_id) continue;
    if (recurring !== undefined && event.recurring !== recurring) continue;
    if (isMeant(job, eventStatus(job, facts))) found.push(event);
  }
  const rest = begin === null ? found : found.filter((event) => byNextExecution(begin, event) < 0);
  const events = rest.toSorted(byNextExecution).slice(0, limit);
  const last = events.at(-1);
  const next = last && rest.length > limit ? placeText(last) : null;
  return { events, total_count: jobs.length, filtered_count: found.length, next };
}

type Place = Pick<EventShape, 'next_execution' | 'id'>;
const placeShape = z.tuple([z.string().nullable(), z.string()]);

function placeText({ next_execution, id }: Place): string {
  return Buffer.from(JSON.stringify([next_execution, id])).toString('base64url');
}

function readPlace(text: string): Place {
  try {
    const [next_execution, id] = placeShape.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { next_execution, id };
  } catch {
    throw new InvalidFields('the filter', [{ field: 'after', message: 'is no `next` of a page before' }]);
  }
}

/** Throws JOB_NOT_FOUND with the nearest. */
export async function oneEvent(service: Asked, idOrName: string): Promise<EventShape> {
  const job = await service.find(idOrName);
  const live = await service.history({ job: job.id, states: LIVE, limit: 1 });
  return eventOf(job, await factsOf(service, job, live.length > 0));
}

/** The same, with what its definition is known by again. */
export async function revisedEvent(
  service: Asked & Pick<SchedulerService, 'findRevision'>,
  idOrName: string,
): Promise<{ event: EventShape; revision: string }> {
  const { job, revision } = await service.findRevision(idOrName);
  const live = await service.history({ job: job.id, states: LIVE, limit: 1 });
  return { event: eventOf(job, await factsOf(service, job, live.length > 0)), revision };
}

const LIVE = LIVE_STATES.filter((state) => state !== 'queued');
const ENDED: readonly RunShape['state'][] = [
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'interrupted',
  'missed',
];

async function factsOf(service: Asked, job: JobShape, isRunning: boolean): Promise<JobFacts> {
  return { isRunning, lastSucceeded: await lastSucceeded(service, job) };
}

/** How the last run of a completed job ended; null = it is not completed. */
export async function lastSucceeded(service: Asked, job: JobShape): Promise<boolean | null> {
  if (job.state !== 'completed') return null;
  // Most ran once: only where there was both does the order count.
  if (job.success_count === 0 || job.failure_count === 0) return job.success_count > 0;
  const [last] = await service.history({ job: job.id, states: ENDED, limit: 1 });
  return last?.state === 'succeeded';
}
