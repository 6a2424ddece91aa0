// One run of the sync: the vault is scanned, compared with graph and known state, and written to the graph.

import path from 'node:path';
import { type JobContext, parseDurationMs, type RunResult, SchedulerError } from 'aclarai-scheduler';
import { type Applied, type Applying, applySteps, recoverPending } from './apply.ts';
import { type Decision, decideSync, type Known } from './decide.ts';
import { endingOf, winnerFirst } from './ending.ts';
import { FindingLog } from './findings.ts';
import { GRAMMAR_VERSION } from './grammar.ts';
import { type Graph, GraphFault } from './graph.ts';
import { openEmbeddedGraph } from './graph-embedded.ts';
import { reasonForFull } from './pass.ts';
import { publishDirty } from './publish.ts';
import { Report } from './report.ts';
import { type GraphMark, KnownState, type Place } from './state.ts';
import { statisticsOf } from './statistics.ts';

export interface SyncInput {
  full: boolean;
  full_every: string | number | null;
  dry_run: boolean;
  allow_mass_archive: boolean;
  allow_mass_update: boolean;
  adopt: boolean;
  max_file_mb: number;
  /** Vault-relative; looks at these only. */
  files?: string[] | undefined;
}

/** Files between two words of progress. */
const PROGRESS_FILES = 100;

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
  readonly #report: Report;
  readonly #started: number;
  #graph: Graph | null = null;
  #decision: Decision | null = null;
  /** Of this and of earlier runs, by id. */
  #duplicates: ReadonlyMap<string, readonly Place[]> = new Map();
  #applied: Applied = { done: [], raced: [], failed: [] };
  /** The plan of a dry run, for people. */
  #printed: readonly string[] | null = null;
  /** Nodes of the graph when this run began. */
  #blocks = 0;

  constructor(ctx: JobContext<SyncInput>, state: KnownState, dryRun: boolean) {
    this.#ctx = ctx;
    this.#state = state;
    this.#dryRun = dryRun;
    this.#findings = new FindingLog(ctx.log);
    this.#report = new Report(ctx.log, this.#findings);
    this.#started = state.seconds();
  }

  async run(): Promise<RunResult> {
    try {
      await this.#sync(await this.#openGraph());
    } catch (cause) {
      if (!(cause instanceof GraphFault)) throw cause;
      return this.#end(cause);
    }
    return this.#end(this.#applied.failed[0]?.fault ?? this.#refusal());
  }

  async close(): Promise<void> {
    await this.#graph?.close();
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

  async #sync(graph: Graph): Promise<void> {
    const on: Applying = { graph, signal: this.#ctx.signal, sleep: this.#ctx.sleep.bind(this.#ctx) };
    const mark = this.#state.use(await graph.identity());
    await recoverPending(this.#state, on);
    const why = await this.#reasonForFull(graph, mark);
    const decision = await this.#look({ files: this.#state.files(), mark, full: why !== null }, on);
    if (this.#dryRun) {
      this.#printed = await this.#report.dryRun(decision.steps, decision.survey.untouched, graph, why);
      return;
    }
    if (why !== null) this.#ctx.log.info(`all files are read: ${why}`);
    await this.#write(decision, on);
    this.#remember(decision, mark, why !== null);
    await this.#publish();
  }

  async #reasonForFull(graph: Graph, mark: GraphMark): Promise<string | null> {
    const { full, full_every } = this.#ctx.input;
    this.#blocks = await graph.count();
    const why = reasonForFull({
      asked: full,
      mark,
      knowsOthers: this.#state.knowsOthers(),
      blocks: this.#blocks,
      sinceFull: mark.fullAt === null ? null : this.#state.seconds() - mark.fullAt,
      fullEvery: full_every === null ? Infinity : parseDurationMs(full_every) / 1000,
    });
    // Constraints and indexes were there when the last sync ended.
    if (why !== null && !this.#dryRun)
      for (const message of await graph.prepare()) this.#warn('graph_schema', message);
    return why;
  }

  async #look(known: Known, on: Applying): Promise<Decision> {
    const { input, config, signal, sleep } = this.#ctx;
    const decision = await decideSync(known, {
      ...{ input, config, on, state: this.#state },
      options: {
        maxFileMb: input.max_file_mb,
        signal,
        clock: { seconds: () => this.#state.seconds(), sleep: sleep.bind(this.#ctx) },
        onFile: (done, total) => {
          if (done === total || done % PROGRESS_FILES === 0) this.#ctx.progress(done, total, 'reading notes');
        },
      },
    });
    this.#decision = decision;
    for (const finding of [...decision.scan.findings, ...decision.survey.findings])
      this.#findings.add(finding);
    this.#tell(decision);
    return decision;
  }

  #tell({ plan, survey, gone, refused }: Decision): void {
    const duplicates = new Map(survey.oldDuplicates);
    for (const { id, winner, places } of plan.duplicates) duplicates.set(id, winnerFirst(winner, places));
    this.#duplicates = duplicates;
    this.#report.duplicates(duplicates);
    this.#report.conflicts(plan.steps);
    if (gone.because !== null && !gone.refused)
      this.#warn('archive_deferred', `${gone.wait.length} blocks are gone and not archived: ${gone.because}`);
    if (gone.refused) this.#warn('mass_archive', gone.because!);
    if (refused.length > 0) this.#warn('mass_update', `${refused.length} edits at once: refused`);
  }

  async #write({ steps, survey }: Decision, on: Applying): Promise<void> {
    const writes = steps.filter(({ kind }) => kind !== 'unchanged' && kind !== 'conflict').length;
    const applied = await applySteps(steps, {
      ...on,
      state: this.#state,
      bases: survey.bases,
      publishes: this.#ctx.config.vault.publish,
      onBatch: (done) => this.#ctx.progress(done, writes, 'writing blocks'),
    });
    this.#applied = applied;
    this.#report.races(applied.raced);
    for (const failure of applied.failed) this.#report.failure(failure.steps, failure.fault);
  }

  #remember(decision: Decision, mark: GraphMark, full: boolean): void {
    const { plan, refused } = decision;
    const applied = this.#applied;
    const failed = applied.failed.flatMap(({ steps }) => steps);
    const created = applied.done.filter(({ kind }) => kind === 'create').length;
    const complete = full && failed.length === 0;
    this.#state.end({
      ...endingOf(decision, [
        ...plan.steps.filter(({ kind }) => kind === 'conflict'),
        ...refused,
        ...applied.raced,
        ...failed,
      ]),
      mark: {
        grammar: complete && refused.length === 0 ? GRAMMAR_VERSION : mark.grammar,
        blocks: this.#blocks + created,
        fullAt: complete ? this.#state.seconds() : mark.fullAt,
      },
    });
  }

  async #publish(): Promise<void> {
    const { vault, databases } = this.#ctx.config;
    if (!vault.publish) return;
    const problem = await publishDirty(this.#state.outbox, databases.rabbitmq, {
      signal: this.#ctx.signal,
      sleep: this.#ctx.sleep.bind(this.#ctx),
    });
    if (problem !== null) this.#warn('not_published', problem);
  }

  #warn(kind: string, message: string): void {
    this.#findings.add({ level: 'warning', kind, file: null, line: null, message });
  }

  #refusal(): SchedulerError | null {
    const { gone, refused } = this.#decision!;
    const reasons = [];
    const ways = [];
    if (gone.refused) reasons.push(gone.because);
    if (gone.refused) ways.push('allow_mass_archive');
    if (refused.length > 0) reasons.push(`${refused.length} known blocks changed at once: refused`);
    if (refused.length > 0) ways.push('allow_mass_update');
    if (reasons.length === 0) return null;
    const fix = `look at a dry run; if it is meant, run once with ${ways.join(' and ')}: true`;
    return new SchedulerError('PRECONDITION_FAILED', reasons.join('; '), fix);
  }

  #end(fault: SchedulerError | null): RunResult {
    this.#findings.close();
    const { scan, survey, gone, steps } = this.#decision ?? {};
    const statistics = statisticsOf({
      graph: this.#ctx.config.vault.graph,
      filesProcessed: scan?.read.length ?? 0,
      filesSkipped: scan?.unchanged.length ?? 0,
      filesUnreadable: scan?.filesUnreadable ?? 0,
      steps: steps ?? [],
      applied: this.#applied,
      untouched: survey?.untouched ?? 0,
      deferred: gone?.wait.length ?? 0,
      duplicates: this.#duplicates.size,
      warnings: this.#findings.warnings,
      errors: this.#findings.errors,
      seconds: this.#state.seconds() - this.#started,
    });
    if (!fault) return { success: true, ...statistics, ...(this.#printed && { plan: this.#printed }) };
    const { code, message, fix } = fault;
    // Refused stays refused: trying a wrong password again locks its user out.
    const final = fault instanceof GraphFault && fault.kind !== 'refused' ? {} : { retryable: false };
    const plan = this.#printed && { plan: this.#printed };
    return { success: false, ...final, error: { code, message, fix }, ...statistics, ...plan };
  }
}
