// What an operation is: described once, and every face derives its own way in from it.

import type { z } from 'zod';
import type { Clock, EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { type FieldFault, InvalidFields } from '#core/errors';
import type { Installation } from '#service/host';
import { readInstant } from '#service/instant';

/** What a caller must be allowed to; each includes those before it. */
export const EFFECTS = ['read', 'run', 'write', 'admin'] as const;
export type Effect = (typeof EFFECTS)[number];

/** What a face lends to an operation. */
export interface OperationContext {
  installation: Installation;
  clock: Clock;
  /** Who asks, as ledger and audit name it. */
  by: string;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
  /** How far long work is, for a person who waits. */
  onProgress?(done: number, total: number | null, note: string | null): void;
}

export interface Operation {
  name: string;
  /** One sentence for people. */
  summary: string;
  effect: Effect;
  input: z.ZodObject;
  output: z.ZodType;
  /** Takes what `input` has made of the given values. Throws SchedulerError. */
  handle(context: OperationContext, input: never): Promise<unknown>;
}

/** With its name and schemas as types: what a client is typed by. */
export interface TypedOperation<N extends string, I extends z.ZodObject, O extends z.ZodType>
  extends Operation {
  name: N;
  input: I;
  output: O;
}

/** An operation whose handler is held to its schemas by the compiler. */
export function operation<const N extends string, I extends z.ZodObject, O extends z.ZodType>(described: {
  name: N;
  summary: string;
  effect: Effect;
  input: I;
  output: O;
  handle(context: OperationContext, input: z.output<I>): Promise<z.input<O>>;
}): TypedOperation<N, I, O> {
  return described;
}

/** Values that do not fit the operation's input, each with its field. */
export class InvalidInput extends InvalidFields {}

/** Checks `given` and performs. Throws InvalidInput with every field at once, and what the operation throws. */
export async function perform(
  { name, input, handle }: Operation,
  context: OperationContext,
  given: unknown,
): Promise<unknown> {
  return await handle(context, readInput(name, input, given) as never);
}

/** Throws InvalidInput with every field at once. */
export function readInput<I extends z.ZodObject>(name: string, input: I, given: unknown): z.output<I> {
  const read = input.safeParse(given);
  if (read.success) return read.data;
  throw new InvalidInput(
    name,
    read.error.issues.flatMap((issue) => faultsOf(issue, input)),
  );
}

function faultsOf(issue: z.core.$ZodIssue, input: z.ZodObject): FieldFault[] {
  const field = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys' || field !== '') return [{ field, message: issue.message }];
  return issue.keys.map((key) => {
    const near = closest(key, Object.keys(input.shape));
    return { field: key, message: near ? `is not known, did you mean ${near}?` : 'is not known' };
  });
}

/** As people write times; what has no offset is read in the scheduler's zone. */
export function instantOf({ installation, clock }: OperationContext, text: string): EpochMs {
  return readInstant(text, installation.settings.scheduler.timezone, clock.now());
}
