// A plan in, what a person reads of it in the run's log out: conflicts, duplicates, and the diff of a dry run.

import type { JobContext } from 'aclarai-scheduler';
import {
  describeConflict,
  describeDuplicate,
  describeRace,
  describeStep,
  idOf,
  placeOf,
} from './describe.ts';
import { diffLines } from './diff.ts';
import type { FindingLog } from './findings.ts';
import type { Graph, GraphFault } from './graph.ts';
import type { SyncStep } from './plan.ts';
import type { Place } from './state.ts';

/** Steps of a plan that a dry run prints, and those of them whose texts it compares. */
const PLAN_LINES = 200;
const PLAN_TEXTS = 50;

export class Report {
  readonly #log: JobContext['log'];
  readonly #findings: FindingLog;

  constructor(log: JobContext['log'], findings: FindingLog) {
    this.#log = log;
    this.#findings = findings;
  }

  /** Duplicates and conflicts have counters of their own and are no warnings. */
  duplicates(all: ReadonlyMap<string, readonly Place[]>): void {
    for (const [id, places] of all) this.#add('duplicate', places[0]!, describeDuplicate(id, places));
  }

  conflicts(steps: readonly SyncStep[]): void {
    for (const step of steps)
      if (step.kind === 'conflict') this.#add('conflict', step.block, describeConflict(step));
  }

  races(steps: readonly SyncStep[]): void {
    for (const step of steps) this.#add('conflict', placeOf(step), describeRace(step));
  }

  /** Counted by the statistics as a failed batch, so not here again. */
  failure(steps: readonly SyncStep[], fault: GraphFault): void {
    const [first] = steps;
    const what = steps.length === 1 ? idOf(first!) : `${idOf(first!)} and ${steps.length - 1} more`;
    const message = `${what} not written: ${fault.message}`;
    const { file, line } = placeOf(first!);
    this.#findings.add({ level: 'error', kind: 'batch_failed', file, line, message }, false);
  }

  /** What a run would do: a line a step, and for edits what the graph has and what the vault. Logged, and answered. */
  async dryRun(
    steps: readonly SyncStep[],
    unchanged: number,
    graph: Graph,
    why: string | null,
  ): Promise<string[]> {
    const changes = steps.filter(({ kind }) => kind !== 'unchanged');
    const same = unchanged + steps.length - changes.length;
    const pass = why === null ? '' : `, all files read because ${why}`;
    const head = `dry run: ${changes.length} changes, ${same} unchanged, ${graph.kind} graph ${graph.label}${pass}; nothing is written`;
    const shown = changes.slice(0, PLAN_LINES);
    const edits = shown.filter(({ kind }) => kind === 'update' || kind === 'adopt' || kind === 'conflict');
    const texts = await graph.texts(edits.slice(0, PLAN_TEXTS).map(idOf));
    const lines = [head, ...shown.flatMap((step) => planLines(step, texts.get(idOf(step))))];
    if (changes.length > PLAN_LINES) lines.push(`… and ${changes.length - PLAN_LINES} more changes`);
    for (const line of lines) this.#log.info(line);
    return lines;
  }

  #add(kind: string, { file, line }: { file: string | null; line: number | null }, message: string): void {
    this.#findings.add({ level: 'warning', kind, file, line, message }, false);
  }
}

function planLines(step: SyncStep, old: string | undefined): string[] {
  const line = describeStep(step);
  if (step.kind === 'archive' || old === undefined) return [line];
  return [line, ...diffLines(old, step.block.text).map((text) => `    ${text}`)];
}
