// What can be asked of events, performed on jobs: found, listed, made, changed, taken away, run.

import { type FieldFault, InvalidFields } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { isFinal } from '#core/run';
import { ChangedMeanwhile } from '#service/definitions';
import { followRun } from '#service/follow';
import { eachInTurn } from '#service/in-turn';
import { revisionOf } from '#service/shapes';
import { type OperationContext, readInput } from '../operations/operation.ts';
import { changesOfEvent, definitionOfEvent } from './event-definition.ts';
import { eventCreate, eventUpdate, otherName } from './event-input.ts';
import { inEventWords } from './event-shapes.ts';
import type { EventShape } from './event-words.ts';
import { revisedEvent } from './events.ts';

/** So long the end of a run is waited for; then its id is the answer. */
const PATIENCE_MS = 30_000;

export interface Revised {
  event: EventShape;
  /** Changes with the definition, not with the runs. */
  revision: string;
}

/** Throws JOB_NOT_FOUND. */
export function findEvent({ installation }: OperationContext, id: string): Promise<Revised> {
  return revisedEvent(installation.service, id);
}

/** `module` = whose events these are where they do not say it. Throws InvalidFields with every field of this event. */
export async function createEvent(
  context: OperationContext,
  given: unknown,
  module: string | null,
): Promise<{ event_id: string }> {
  const definition = readCreate(given, module);
  const { service } = context.installation;
  const job = await inWords(() => service.create(definition, { by: context.by, source: 'api' }));
  return { event_id: job.id };
}

/** All or none. Faults name the place of their event, counted from 0. */
export async function createEvents(
  context: OperationContext,
  given: readonly unknown[],
  module: string | null,
): Promise<{ event_id: string }[]> {
  const { service } = context.installation;
  const definitions = await eachInTurn(given, async (each) => readCreate(each, module));
  const ids = await inWords(() => service.createAll(definitions, { by: context.by, source: 'api' }));
  return ids.map((event_id) => ({ event_id }));
}

/**
 * Changes what is given. With `expected` only the event of that revision: throws ChangedMeanwhile; without it a change of
 * somebody else in between is kept.
 */
export async function updateEvent(
  context: OperationContext,
  id: string,
  given: unknown,
  expected: string | null,
): Promise<Revised> {
  const { service } = context.installation;
  refuseOtherNames(given);
  const changes = said(readInput('the event', eventUpdate, given));
  for (;;) {
    const { event, revision } = await findEvent(context, id);
    if (expected !== null && expected !== revision) throw new ChangedMeanwhile(event.id);
    try {
      const wanted = changesOfEvent(event, changes);
      await inWords(() =>
        service.update(event.id, wanted, {
          by: context.by,
          isExpected: (job) => revisionOf(job) === revision,
        }),
      );
      return await findEvent(context, event.id);
    } catch (error) {
      if (expected !== null || !(error instanceof ChangedMeanwhile)) throw error;
    }
  }
}

export interface Executed {
  isOver: boolean;
  answer: { execution_id: string; event_id: string; success: boolean | null; result: unknown };
}

/** Queues a run by hand, and waits for its end unless `wait` is false. Throws ALREADY_RUNNING. */
export async function executeEvent(context: OperationContext, id: string, wait: boolean): Promise<Executed> {
  const { installation, clock, by, signal } = context;
  const { service } = installation;
  const queued = await service.runNow(id, { by });
  let run = queued;
  if (wait) {
    const late = new AbortController();
    const stop = clock.timer(PATIENCE_MS, () => late.abort());
    const follow = { service, clock, isServed: () => installation.isServed };
    run = await followRun(follow, queued.run_id, AbortSignal.any([signal, late.signal]));
    stop();
  }
  const { run_id, job, success, statistics } = run;
  const answer = { execution_id: run_id, event_id: job, success, result: statistics };
  return { isOver: isFinal(run.state), answer };
}

function readCreate(given: unknown, module: string | null): JsonObject {
  refuseOtherNames(given);
  const { id, ...event } = written(readInput('the event', eventCreate, given));
  const owned = { ...(module !== null && { module_id: module }), ...event };
  return { ...definitionOfEvent(owned), ...(id !== undefined && { id }) };
}

function written(read: Record<string, unknown>): JsonObject {
  const keys = Object.entries(said(read));
  return Object.fromEntries(keys.filter(([key, value]) => value !== null || key === 'misfire_grace_time'));
}

function said(read: Record<string, unknown>): JsonObject {
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as JsonObject;
}

function refuseOtherNames(given: unknown): void {
  if (typeof given !== 'object' || given === null) return;
  const faults: FieldFault[] = Object.keys(given).flatMap((field) => {
    const name = otherName(field);
    return name === null ? [] : [{ field, message: `is called ${name} here` }];
  });
  if (faults.length > 0) throw new InvalidFields('the event', faults);
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inEventWords(error);
  }
}
