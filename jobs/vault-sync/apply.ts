// Steps of a plan in, a graph and a known state that agree with the vault out; batch by batch.

import type { JobContext } from 'aclarai-scheduler';
import { type BlockData, type Graph, GraphFault, type GraphRow, type GraphWrite } from './graph.ts';
import type { SyncStep } from './plan.ts';
import type { VaultBlock } from './scan.ts';
import type { KnownState } from './state.ts';

/** Rows of one read, one write, and characters of text in one write. */
const READ_BATCH = 5000;
const WRITE_BATCH = 2000;
const WRITE_CHARACTERS = 4_000_000;
/** Tries of one batch, and the pause before the second; the third waits twice as long. */
const TRIES = 3;
const FIRST_PAUSE_MS = 500;
/** Batches that the graph refuses are halved to find the bad block. After so many refusals the whole is at fault. */
const MAX_REFUSALS = 60;

export type Applying = Pick<JobContext, 'sleep' | 'signal'> & { graph: Graph };

/** One failed batch; or, once the graph is gone, all that was left. */
export interface Failure {
  readonly steps: SyncStep[];
  readonly fault: GraphFault;
}

export interface Applied {
  /** Steps of which the graph holds the outcome. */
  readonly done: readonly SyncStep[];
  /** Steps whose node changed between reading and writing: nothing was written. */
  readonly raced: readonly SyncStep[];
  /** One entry a failed batch; the steps in it were not written. */
  readonly failed: readonly Failure[];
}

/** The rows of many ids, in batches. Throws a `GraphFault` once a batch failed for good. */
export async function readRows(ids: readonly string[], on: Applying): Promise<Map<string, GraphRow>> {
  const rows = new Map<string, GraphRow>();
  for (let at = 0; at < ids.length; at += READ_BATCH) {
    const batch = ids.slice(at, at + READ_BATCH);
    for (const row of await withTries(() => on.graph.read(batch), on)) rows.set(row.id, row);
  }
  return rows;
}

/** Calls again after transient faults: three tries in all. Stops for the signal before each. */
export async function withTries<T>(
  call: () => Promise<T>,
  { sleep, signal }: Omit<Applying, 'graph'>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    await nextTurn();
    signal.throwIfAborted();
    try {
      return await untilAborted(call(), signal);
    } catch (cause) {
      const again =
        cause instanceof GraphFault && (cause.kind === 'transient' || cause.kind === 'unreachable');
      if (!again || tries === TRIES) throw cause;
      await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
    }
  }
}

/** SQLite answers at once: without a turn of the event loop between batches the whole service would stand still. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A server that stopped to answer must not hold a run that is over: the call is left to fail by itself. */
async function untilAborted<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([call, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Writes what is to be written and records what is then equal. A batch that fails does not keep the others back. */
export async function applySteps(
  steps: readonly SyncStep[],
  on: Applying & { state: KnownState; onBatch?(done: number): void },
): Promise<Applied> {
  const applier = new Applier(on);
  const idle = steps.filter((step) => step.kind === 'unchanged');
  for (let at = 0; at < idle.length; at += READ_BATCH) {
    on.state.record(idle.slice(at, at + READ_BATCH).map(equalState));
    await nextTurn();
  }
  for (const batch of batchesOf(steps)) {
    await applier.apply(batch);
    on.onBatch?.(applier.count);
  }
  return { done: [...idle, ...applier.done], raced: applier.raced, failed: applier.failed };
}

class Applier {
  readonly done: SyncStep[] = [];
  readonly raced: SyncStep[] = [];
  readonly failed: Failure[] = [];
  count = 0;
  readonly #on: Applying & { state: KnownState };
  #refusals = 0;
  #hopeless: Failure | null = null;

  constructor(on: Applying & { state: KnownState }) {
    this.#on = on;
  }

  async apply(batch: readonly SyncStep[]): Promise<void> {
    if (this.#hopeless) {
      this.#hopeless.steps.push(...batch);
      return;
    }
    try {
      this.#settle(batch, await withTries(() => this.#on.graph.apply(batch.map(toWrite)), this.#on));
    } catch (cause) {
      if (!(cause instanceof GraphFault)) throw cause;
      await this.#afterFault(batch, cause);
    }
  }

  #settle(batch: readonly SyncStep[], written: ReadonlySet<string>): void {
    const done = batch.filter((step) => written.has(step.block.id));
    this.#on.state.record(done.map(equalState));
    this.done.push(...done);
    this.raced.push(...batch.filter((step) => !written.has(step.block.id)));
    this.count += batch.length;
  }

  async #afterFault(batch: readonly SyncStep[], fault: GraphFault): Promise<void> {
    if (fault.kind === 'data' && batch.length > 1 && this.#refusals < MAX_REFUSALS) {
      this.#refusals++;
      const middle = batch.length >> 1;
      await this.apply(batch.slice(0, middle));
      await this.apply(batch.slice(middle));
      return;
    }
    const failure = { steps: [...batch], fault };
    if (fault.kind === 'unreachable' || fault.kind === 'refused') this.#hopeless = failure;
    this.failed.push(failure);
    this.count += batch.length;
  }
}

function* batchesOf(steps: readonly SyncStep[]): Generator<SyncStep[]> {
  let batch: SyncStep[] = [];
  let characters = 0;
  for (const step of steps) {
    if (step.kind === 'unchanged' || step.kind === 'conflict') continue;
    const size = step.block.text.length;
    if (batch.length > 0 && (batch.length === WRITE_BATCH || characters + size > WRITE_CHARACTERS)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(step);
    characters += size;
  }
  if (batch.length > 0) yield batch;
}

function equalState({ block, version }: SyncStep): { id: string; hash: string; version: number } {
  return { id: block.id, hash: block.hash, version };
}

function toWrite(step: SyncStep): GraphWrite {
  const { text, ...place } = dataOf(step.block, step.version);
  if (step.kind === 'create') return { kind: 'create', data: { text, ...place } };
  const seen = { hash: step.row.hash, version: step.row.version };
  if (step.kind === 'update') return { kind: 'update', data: { text, ...place }, seen };
  return { kind: 'touch', data: place, seen };
}

function dataOf(block: VaultBlock, version: number): BlockData {
  const { id, text, hash, file, tier, type } = block;
  return { id, text, hash, version, sourceFile: file, tier, blockType: type };
}
