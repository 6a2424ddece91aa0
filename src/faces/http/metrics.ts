// Figures for Prometheus. What happens is counted from the first time somebody asks; what is, is looked up when asked.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Installation } from '#service/host';
import type { JobShape, RunShape } from '#service/shapes';
import { bytesBelow } from '#service/vital-signs';

const PREFIX = 'aclarai_scheduler_';
const DURATIONS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400];
const LATENESS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];
/** Jobs that are looked at between two turns of the event loop. */
const STRETCH = 500;

const ENDS = ['run:succeeded', 'run:failed', 'run:timed_out', 'run:cancelled', 'run:interrupted'] as const;

export class Metrics {
  readonly #installation: Installation;
  readonly #registry = new Registry();
  readonly #listening = new AbortController();
  #counts = false;
  /** Slots of the newest row of a job that did not run: a row of many grows. */
  readonly #counted = new Map<string, { runId: string; count: number }>();
  readonly #runs;
  readonly #durations;
  readonly #lateness;
  readonly #skipped;
  readonly #next;
  readonly #lastSuccess;
  readonly #paused;
  readonly #bytes;

  constructor(installation: Installation) {
    this.#installation = installation;
    const registers = [this.#registry];
    const described = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => ({
      ...{ name: PREFIX + name, help, labelNames, registers },
    });
    this.#runs = new Counter(described('runs_total', 'Runs that ended', ['job', 'outcome']));
    this.#durations = new Histogram({
      ...described('run_duration_seconds', 'From the start of a run to its end', ['job']),
      buckets: DURATIONS,
    });
    this.#lateness = new Histogram({
      ...described('lateness_seconds', 'From when a run was due to its first start'),
      buckets: LATENESS,
    });
    this.#skipped = new Counter(
      described('slots_skipped_total', 'Slots that were skipped or missed', ['job', 'reason']),
    );
    this.#next = new Gauge(described('next_run_timestamp_seconds', 'The next slot of a job', ['job']));
    this.#lastSuccess = new Gauge(
      described('last_success_timestamp_seconds', 'The end of the newest run that succeeded', ['job']),
    );
    this.#paused = new Gauge(
      described('paused', '1 = paused; without job: all jobs by the global pause', ['job']),
    );
    this.#bytes = new Gauge(described('state_bytes', 'What the state directory takes'));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. */
  async collect(): Promise<string> {
    this.#count();
    const { service, settings } = this.#installation;
    const [jobs, pauses] = [await service.list(), await service.pauses()];
    this.#next.reset();
    this.#paused.reset();
    this.#paused.set({}, pauses.some(({ jobUid }) => jobUid === null) ? 1 : 0);
    for (const [i, job] of jobs.entries()) {
      this.#paused.set({ job: job.id }, job.state === 'paused' ? 1 : 0);
      if (job.next_run !== null) this.#next.set({ job: job.id }, secondsOf(job.next_run));
      if (i % STRETCH === STRETCH - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#bytes.set(await bytesBelow(settings.stateDir));
    await this.#successes(jobs);
    return await this.#registry.metrics();
  }

  close(): void {
    this.#listening.abort();
    this.#registry.clear();
  }

  /** Nobody asks, nothing is put together for it. */
  #count(): void {
    if (this.#counts) return;
    this.#counts = true;
    const { events } = this.#installation;
    const { signal } = this.#listening;
    for (const type of ENDS) events.on(type, ({ run }) => this.#ended(run), signal);
    for (const type of ['slot:skipped', 'slot:missed'] as const)
      events.on(type, ({ run }) => this.#left(run), signal);
    events.on('run:started', ({ run }) => this.#started(run), signal);
    events.on('job:deleted', ({ job }) => this.#forget(job), signal);
  }

  #started(run: RunShape): void {
    if (run.attempt === 1 && run.late_by !== null) this.#lateness.observe(run.late_by);
  }

  #ended(run: RunShape): void {
    const { job, state, duration, ended_at } = run;
    this.#runs.inc({ job, outcome: state });
    if (duration !== null) this.#durations.observe({ job }, duration);
    if (run.success === true && ended_at !== null) this.#lastSuccess.set({ job }, secondsOf(ended_at));
  }

  #left({ job, run_id: runId, reason, covers }: RunShape): void {
    const count = covers?.count ?? 1;
    const before = this.#counted.get(job);
    const known = before?.runId === runId ? before.count : 0;
    this.#counted.set(job, { runId, count });
    if (count > known) this.#skipped.inc({ job, reason: reason ?? 'unknown' }, count - known);
  }

  /** Ids come and go by call: the series of one that is gone goes too. */
  async #forget(job: string): Promise<void> {
    this.#counted.delete(job);
    this.#durations.remove({ job });
    this.#lastSuccess.remove({ job });
    for (const counter of [this.#runs, this.#skipped])
      for (const { labels } of (await counter.get()).values) if (labels.job === job) counter.remove(labels);
  }

  /** Of before anybody asked, from the ledger: once for each job. */
  async #successes(jobs: readonly JobShape[]): Promise<void> {
    const { values } = await this.#lastSuccess.get();
    const known = new Set(values.map(({ labels }) => labels.job));
    for (const { id, success_count } of jobs) {
      if (success_count === 0 || known.has(id)) continue;
      const [run] = await this.#installation.service.history({ job: id, states: ['succeeded'], limit: 1 });
      if (run?.ended_at) this.#lastSuccess.set({ job: id }, secondsOf(run.ended_at));
    }
  }
}

function secondsOf(iso: string): number {
  return Temporal.Instant.from(iso).epochMilliseconds / 1000;
}
