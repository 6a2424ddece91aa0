// Steps of a plan in, a graph and a known state that agree with the vault out; batch by batch.

import type { JobContext } from 'aclarai-scheduler';
import { idOf } from './describe.ts';
import { messageOf } from './dirty.ts';
import { type BlockData, type Graph, GraphFault, type GraphRow, type GraphWrite } from './graph.ts';
import type { Base, BlockStep, SyncStep } from './plan.ts';
import type { Intent, KnownState } from './state.ts';

/** Rows of one read, one write, and characters of text in one write. */
const READ_BATCH = 10_000;
const WRITE_BATCH = 2000;
const WRITE_CHARACTERS = 4_000_000;
/** Tries of one batch, and the pause before the second; the third waits twice as long. */
const TRIES = 3;
const FIRST_PAUSE_MS = 500;
/** Batches that the graph refuses are halved to find the bad block. After so many refusals the whole is at fault. */
const MAX_REFUSALS = 60;

export type Applying = Pick<JobContext, 'sleep' | 'signal'> & { graph: Graph };

export type Writing = Applying & {
  state: KnownState;
  /** What is recorded already; need not be recorded again. */
  bases?: ReadonlyMap<string, Base>;
  /** Whether other services are told of each changed block. */
  publishes?: boolean;
  /** Called after each batch. */
  onBatch?(done: number): void;
};

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

/** Every row of the graph. Throws as `readRows` does. */
export async function listRows(on: Applying): Promise<Map<string, GraphRow>> {
  const rows = new Map<string, GraphRow>();
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    const page = await withTries(() => on.graph.list(from, READ_BATCH), on);
    for (const row of page) rows.set(row.id, row);
    after = page.length < READ_BATCH ? undefined : page.at(-1)?.id;
  }
  return rows;
}

/**
 * What became of the batches of a run that was cut off: rows that the graph holds as they were meant are equal on both
 * sides, and their messages are due. Without this, an edit that follows would look like a conflict.
 */
export async function recoverPending(state: KnownState, on: Applying): Promise<void> {
  for (const { key, rows } of state.pending()) {
    const found = await readRows(
      rows.map(({ id }) => id),
      on,
    );
    state.settle(
      key,
      rows.filter((row) => isAsMeant(row, found.get(row.id))),
    );
  }
}

function isAsMeant(meant: Intent, row: GraphRow | undefined): boolean {
  if (!row || row.archived !== meant.archived) return false;
  return row.hash === meant.hash && row.version === meant.version;
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
export async function applySteps(steps: readonly SyncStep[], on: Writing): Promise<Applied> {
  const applier = new Applier(on);
  const idle = steps.filter((step) => step.kind === 'unchanged');
  const news = idle.map(equalState).filter((equal) => !isKnown(equal, on.bases?.get(equal.id)));
  for (let at = 0; at < news.length; at += READ_BATCH) {
    on.state.record(news.slice(at, at + READ_BATCH));
    await nextTurn();
  }
  for (const batch of batchesOf(steps)) {
    await applier.apply(batch);
    on.onBatch?.(applier.count);
  }
  return { done: [...idle, ...applier.done], raced: applier.raced, failed: applier.failed };
}

function isKnown(equal: Base, base: Base | undefined): boolean {
  return base?.hash === equal.hash && base.version === equal.version;
}

class Applier {
  readonly done: SyncStep[] = [];
  readonly raced: SyncStep[] = [];
  readonly failed: Failure[] = [];
  count = 0;
  readonly #on: Writing;
  #refusals = 0;
  #hopeless: Failure | null = null;

  constructor(on: Writing) {
    this.#on = on;
  }

  async apply(batch: readonly SyncStep[]): Promise<void> {
    if (this.#hopeless) {
      this.#hopeless.steps.push(...batch);
      return;
    }
    const { state, graph } = this.#on;
    const intents = this.#intents(batch);
    const key = state.intend(intents);
    try {
      const written = await withTries(() => graph.apply(batch.map(toWrite)), this.#on);
      state.settle(
        key,
        intents.filter(({ id }) => written.has(id)),
      );
      this.#note(batch, written);
    } catch (cause) {
      if (!(cause instanceof GraphFault)) throw cause;
      // A server that is lost may have written the batch and not told: the next run looks.
      if (cause.kind !== 'unreachable') state.settle(key, []);
      await this.#afterFault(batch, cause);
    }
  }

  #intents(batch: readonly SyncStep[]): Intent[] {
    const now = this.#on.publishes ? this.#on.state.seconds() * 1000 : null;
    return batch.map((step) => intentOf(step, now === null ? null : messageOf(step, now)));
  }

  #note(batch: readonly SyncStep[], written: ReadonlySet<string>): void {
    for (const step of batch) (written.has(idOf(step)) ? this.done : this.raced).push(step);
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
    const size = step.kind === 'archive' ? 0 : step.block.text.length;
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

function equalState({ block, version }: BlockStep): { id: string; hash: string; version: number } {
  return { id: block.id, hash: block.hash, version };
}

function intentOf(step: SyncStep, message: string | null): Intent {
  if (step.kind !== 'archive') return { ...equalState(step), archived: false, message };
  const { id, hash, version } = step.row;
  return { id, hash, version, archived: true, message };
}

function toWrite(step: SyncStep): GraphWrite {
  if (step.kind === 'archive') return { kind: 'archive', data: { id: step.row.id } };
  const { text, ...place } = dataOf(step);
  if (step.kind === 'create') return { kind: 'create', data: { text, ...place } };
  const seen = { hash: step.row.hash, version: step.row.version };
  if (step.kind === 'update' || step.kind === 'adopt')
    return { kind: step.kind, data: { text, ...place }, seen };
  return { kind: 'touch', data: place, seen };
}

function dataOf({ block, version }: BlockStep): BlockData {
  const { id, text, hash, file, tier, type } = block;
  return { id, text, hash, version, sourceFile: file, tier, blockType: type };
}
