// One run of the sync: the vault is scanned, compared with graph and known state, and written to the graph.

import path from 'node:path';
import type { JobContext, RunResult } from 'aclarai-scheduler';
import { type Applied, type Applying, applySteps, readRows } from './apply.ts';
import { FindingLog } from './findings.ts';
import { type Graph, GraphFault } from './graph.ts';
import { openEmbeddedGraph } from './graph-embedded.ts';
import {
  describeConflict,
  describeDuplicate,
  describeRace,
  describeStep,
  planSync,
  type SyncPlan,
} from './plan.ts';
import { scanVault, type VaultScan } from './scan.ts';
import { KnownState } from './state.ts';
import { statisticsOf } from './statistics.ts';

export interface SyncInput {
  /** Read every file and compare with every node. This job does so in each run as yet. */
  full: boolean;
  dry_run: boolean;
  max_file_mb: number;
}

/** Files between two words of progress. */
const PROGRESS_FILES = 100;
/** Lines of a plan that a dry run prints. */
const PLAN_LINES = 200;

/** A run that could not reach its graph answers `success: false`; anything else that throws is a fault of ours. */
export async function syncVault(ctx: JobContext<SyncInput>): Promise<RunResult> {
  const dryRun = ctx.dryRun || ctx.input.dry_run;
  const state = KnownState.open(ctx.stateDir, { readOnly: dryRun });
  const run = new Sync(ctx, state, dryRun);
  try {
    return await run.run();
  } finally {
    await run.close();
    state.close();
  }
}

class Sync {
  readonly #ctx: JobContext<SyncInput>;
  readonly #state: KnownState;
  readonly #dryRun: boolean;
  readonly #findings: FindingLog;
  readonly #started: number;
  #graph: Graph | null = null;
  #scan: VaultScan = { blocks: [], findings: [], filesProcessed: 0, filesUnreadable: 0 };
  #plan: SyncPlan = { steps: [], duplicates: [] };
  #applied: Pick<Applied, 'raced' | 'failed'> = { raced: [], failed: [] };

  constructor(ctx: JobContext<SyncInput>, state: KnownState, dryRun: boolean) {
    this.#ctx = ctx;
    this.#state = state;
    this.#dryRun = dryRun;
    this.#findings = new FindingLog(ctx.log);
    this.#started = state.seconds();
  }

  async run(): Promise<RunResult> {
    try {
      this.#warnOfPublish();
      const graph = await this.#openGraph();
      const known = this.#state.use(await graph.identity());
      if (!this.#dryRun) await this.#prepare(graph);
      this.#scan = await this.#scanVault();
      const on = { graph, signal: this.#ctx.signal, sleep: this.#ctx.sleep.bind(this.#ctx) };
      const rows = await readRows([...new Set(this.#scan.blocks.map(({ id }) => id))], on);
      this.#plan = planSync(this.#scan.blocks, known, rows);
      this.#reportPlan();
      if (this.#dryRun) this.#print(graph);
      else await this.#apply(on);
    } catch (cause) {
      if (!(cause instanceof GraphFault)) throw cause;
      return this.#end(cause);
    }
    return this.#end(this.#applied.failed[0]?.fault ?? null);
  }

  async close(): Promise<void> {
    await this.#graph?.close();
  }

  #warnOfPublish(): void {
    if (!this.#ctx.config.vault.publish) return;
    const message = 'vault.publish is on, but this version sends no messages about changed blocks';
    this.#findings.add({ level: 'warning', kind: 'not_published', file: null, line: null, message });
  }

  async #openGraph(): Promise<Graph> {
    const { vault, databases } = this.#ctx.config;
    if (vault.graph === 'embedded')
      this.#graph = openEmbeddedGraph(path.join(this.#ctx.stateDir, 'graph.db'), { readOnly: this.#dryRun });
    else if (databases.neo4j) {
      // Only here: loading the driver takes 100 ms and 10 MB, which a service without a server need not spend.
      const { openNeo4jGraph } = await import('./graph-neo4j.ts');
      this.#graph = openNeo4jGraph(databases.neo4j);
    } else
      throw new GraphFault('refused', 'no Neo4j server is configured', 'set NEO4J_URI or databases.neo4j');
    this.#ctx.log.debug(`the graph is ${this.#graph.kind}: ${this.#graph.label}`);
    return this.#graph;
  }

  async #prepare(graph: Graph): Promise<void> {
    for (const message of await graph.prepare())
      this.#findings.add({ level: 'warning', kind: 'graph_schema', file: null, line: null, message });
  }

  async #scanVault(): Promise<VaultScan> {
    const { paths, vault } = this.#ctx.config;
    const scan = await scanVault({
      vault: paths.vault,
      tiers: [paths.tier1, paths.tier2, paths.tier3],
      exclude: vault.exclude,
      maxFileMb: this.#ctx.input.max_file_mb,
      signal: this.#ctx.signal,
      onFile: (done, total) => {
        if (done === total || done % PROGRESS_FILES === 0) this.#ctx.progress(done, total, 'reading notes');
      },
    });
    for (const finding of scan.findings) this.#findings.add(finding);
    return scan;
  }

  /** Duplicates and conflicts have counters of their own and are no warnings. */
  #reportPlan(): void {
    for (const duplicate of this.#plan.duplicates)
      this.#report('duplicate', duplicate.winner, describeDuplicate(duplicate));
    for (const step of this.#plan.steps)
      if (step.kind === 'conflict') this.#report('conflict', step.block, describeConflict(step));
  }

  #report(kind: string, { file, line }: { file: string; line: number }, message: string): void {
    this.#findings.add({ level: 'warning', kind, file, line, message }, false);
  }

  #print({ kind, label }: Graph): void {
    const changes = this.#plan.steps.filter((step) => step.kind !== 'unchanged');
    const same = this.#plan.steps.length - changes.length;
    this.#ctx.log.info(
      `dry run: ${changes.length} changes, ${same} unchanged, ${kind} graph ${label}; nothing is written`,
    );
    for (const step of changes.slice(0, PLAN_LINES)) this.#ctx.log.info(describeStep(step));
    if (changes.length > PLAN_LINES) this.#ctx.log.info(`… and ${changes.length - PLAN_LINES} more changes`);
  }

  async #apply(on: Applying): Promise<void> {
    const writes = this.#plan.steps.filter(({ kind }) => kind !== 'unchanged' && kind !== 'conflict').length;
    const onBatch = (done: number): void => this.#ctx.progress(done, writes, 'writing blocks');
    const applied = await applySteps(this.#plan.steps, { ...on, state: this.#state, onBatch });
    this.#applied = applied;
    for (const step of applied.raced) this.#report('conflict', step.block, describeRace(step));
    for (const { steps, fault } of applied.failed) this.#reportFailure(steps[0]!.block, steps.length, fault);
  }

  #reportFailure(
    { id, file, line }: { id: string; file: string; line: number },
    count: number,
    fault: GraphFault,
  ): void {
    const what = count === 1 ? id : `${id} and ${count - 1} more`;
    // Counted by the statistics as a failed batch, so not here again.
    this.#findings.add(
      { level: 'error', kind: 'batch_failed', file, line, message: `${what} not written: ${fault.message}` },
      false,
    );
  }

  #end(fault: GraphFault | null): RunResult {
    this.#findings.close();
    const statistics = statisticsOf({
      graph: this.#ctx.config.vault.graph,
      ...this.#scan,
      steps: this.#plan.steps,
      applied: this.#applied,
      duplicates: this.#plan.duplicates.length,
      warnings: this.#findings.warnings,
      errors: this.#findings.errors,
      seconds: this.#state.seconds() - this.#started,
    });
    if (!fault) return { success: true, ...statistics };
    const { code, message, fix } = fault;
    // Refused stays refused: trying a wrong password again locks its user out.
    const final = fault.kind === 'refused' ? { retryable: false } : {};
    return { success: false, ...final, error: { code, message, fix }, ...statistics };
  }
}
