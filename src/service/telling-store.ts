// The ledger as the parts of one process use it, with its commits told: what was written is read back, and becomes events.

import type { Clock, EpochMs } from '#core/clock';
import { isAdHoc } from '#core/job';
import type { Pause } from '#core/pause';
import { isFinal, type Run, type RunState } from '#core/run';
import type { BackfillResult, Effects, EnqueueResult, FireDecision, Store } from '#store/store';
import type { Events, JobEvent, RunEvent, SchedulerEvent } from './events.ts';
import { iso, isoOrNull, runShape } from './shapes.ts';

export interface TellingParts {
  events: Events;
  clock: Clock;
  /** Of what belongs to no job. */
  timezone(): string;
}

/** The same promises, kept by `store`. What other processes write is not told. */
export function tellingStore(store: Store, parts: TellingParts): Store {
  const own = methods(store, new Teller(store, parts), parts.events);
  const bound = new Map<PropertyKey, unknown>();
  return new Proxy(store, {
    get(target, name) {
      if (bound.has(name)) return bound.get(name);
      const method: unknown = own[name as keyof Store] ?? target[name as keyof Store];
      bound.set(name, typeof method === 'function' ? method.bind(target) : method);
      return bound.get(name);
    },
  });
}

function methods(store: Store, teller: Teller, events: Events): Partial<Store> {
  return {
    async fire(at, plan, options) {
      if (!events.isHeard) return await store.fire(at, plan, options);
      const left: string[] = [];
      const result = await store.fire(
        at,
        (due) => {
          const decision = plan(due);
          left.push(...leaving(decision));
          const { extended } = decision;
          if (extended !== null && extended.count > (due.job.gap?.count ?? 0)) left.push(extended.runId);
          return decision;
        },
        options,
      );
      const rows = result.decided.flatMap((each) => each.rows);
      teller.runs({ again: left, rows, claimed: result.claimed.map(({ run }) => run) });
      return result;
    },
    async enqueue(jobId, decide) {
      const left: string[] = [];
      const result: EnqueueResult = await store.enqueue(jobId, (due) => {
        const decision = decide(due);
        if (decision.kind === 'enqueue') left.push(...leaving(decision));
        return decision;
      });
      if (result.kind === 'queued') teller.runs({ again: left, rows: [result.run] });
      return result;
    },
    async backfill(jobId, range, decide) {
      const result: BackfillResult = await store.backfill(jobId, range, decide);
      if (result.kind === 'queued') teller.runs({ rows: result.runs });
      return result;
    },
    async claim(request) {
      const claimed = await store.claim(request);
      teller.runs({ claimed: claimed.map(({ run }) => run) });
      return claimed;
    },
    async settle(endings, claim) {
      const settled = await store.settle(endings, claim);
      const ended = endings.filter((_, i) => settled.answers[i] === 'settled');
      const retried = new Set(ended.flatMap((each) => (each.verdict.kind === 'retry' ? each.runId : [])));
      const again = ended.map(({ runId }) => runId);
      teller.runs({ again, retried, claimed: settled.claimed.map(({ run }) => run) });
      return settled;
    },
    async recover(bootId, at, decide) {
      const recovered = await store.recover(bootId, at, decide);
      const again = recovered.runs.map(({ runId }) => runId);
      teller.runs({ again, retried: new Set(again) });
      teller.pauses('paused', recovered.paused);
      return recovered;
    },
    async requestCancel(runId, at, by) {
      const run = await store.requestCancel(runId, at, by);
      if (run && isFinal(run.state)) teller.runs({ rows: [run] });
      return run;
    },
    async reconcile(at, concerned, decide) {
      let written: { effects: Effects; names: Map<string, Named> } | null = null;
      await store.reconcile(at, concerned, (view) => {
        const effects = decide(view);
        const named = [...view.jobs, ...effects.insert].map(
          ({ uid, id, name }) => [uid, { id, name }] as const,
        );
        written = { effects, names: new Map(named) };
        return effects;
      });
      if (written !== null) teller.definitions(written);
    },
    async pause(pause) {
      const opened = await store.pause(pause);
      if (opened) teller.pauses('paused', [pause]);
      return opened;
    },
    async resume(target, plan) {
      const resumed = await store.resume(target, plan);
      teller.pauses('resumed', resumed.ended, target.by);
      teller.runs({ rows: resumed.decided.flatMap((each) => each.rows) });
      return resumed;
    },
    async observe(at, held, heldUntil) {
      const open = await store.observe(at, held, heldUntil);
      teller.observed(open);
      return open;
    },
  };
}

interface Named {
  id: string;
  name: string;
}

/** Queued runs that a decision ends. */
function leaving({ end = [] }: { end?: FireDecision['end'] | undefined }): string[] {
  return end.map(({ runId }) => runId);
}

interface ToldRuns {
  /** To be read back: what became of them is in the ledger. */
  again?: readonly string[];
  /** Of these the ones that are tried again, if their row says no other end. */
  retried?: ReadonlySet<string>;
  rows?: readonly Run[];
  claimed?: readonly Run[];
}

const TYPES: Record<RunState, RunEvent['type'] | null> = {
  queued: 'run:queued',
  running: 'run:started',
  stopping: null,
  succeeded: 'run:succeeded',
  failed: 'run:failed',
  timed_out: 'run:timed_out',
  cancelled: 'run:cancelled',
  interrupted: 'run:interrupted',
  skipped: 'slot:skipped',
  missed: 'slot:missed',
};

class Teller {
  readonly #store: Store;
  readonly #parts: TellingParts;
  /** Outside sources that held at the last look, by the id of their row. */
  #held = new Map<number, Pause>();

  constructor(store: Store, parts: TellingParts) {
    this.#store = store;
    this.#parts = parts;
  }

  runs({ again = [], retried = new Set(), rows = [], claimed = [] }: ToldRuns): void {
    if (again.length + rows.length + claimed.length === 0) return;
    const at = this.#parts.clock.now();
    this.#tell(async () => {
      const told: [RunEvent['type'] | null, Run][] = [];
      for (const runId of again) {
        const run = await this.#store.run(runId);
        // Purged with its job meanwhile.
        if (!run) continue;
        const isOver = isFinal(run.state);
        told.push([isOver ? TYPES[run.state] : retried.has(runId) ? 'run:retrying' : 'run:queued', run]);
      }
      for (const run of rows) told.push([TYPES[run.state], run]);
      for (const run of claimed) told.push(['run:started', run]);
      const zones = await this.#zones(told.map(([, run]) => run.jobUid));
      const failed = told.flatMap(([type, run]) =>
        (type === 'run:failed' || type === 'run:timed_out') && run.snapshot.policy.circuitAction === 'pause'
          ? run
          : [],
      );
      const events: SchedulerEvent[] = told.flatMap(([type, run]) => {
        if (type === null) return [];
        const zone = zones.get(run.jobUid) ?? this.#parts.timezone();
        const { jobId: job, jobName: job_name } = run;
        return { type, at: iso(at, zone), job, job_name, run: runShape(run, zone) };
      });
      return [...events, ...(failed.length > 0 ? await this.#circuitPauses(failed) : [])];
    });
  }

  definitions({ effects, names }: { effects: Effects; names: ReadonlyMap<string, Named> }): void {
    const { changes, remove = [], rows, end } = effects;
    const at = this.#parts.clock.now();
    const told = new Map<string, Omit<JobEvent, 'at'>>();
    const note = (uid: string | null, type: JobEvent['type'], by: string) => {
      const named = uid === null ? undefined : names.get(uid);
      if (uid === null || !named || isAdHoc(named)) return;
      const known = told.get(uid);
      // A job that is made and switched on in one go was made.
      if (known && type === 'job:updated') return;
      told.set(uid, { type, job: named.id, job_name: named.name, by, until: null });
    };
    for (const { jobUid, what, by } of changes)
      note(
        jobUid,
        what === 'created' ? 'job:created' : what === 'deleted' ? 'job:deleted' : 'job:updated',
        by,
      );
    for (const { uid, by } of remove) note(uid, 'job:deleted', by);
    if (told.size > 0)
      this.#tell(async () => {
        const zones = await this.#zones([...told.keys()]);
        return [...told].map(([uid, event]) => ({
          ...event,
          at: iso(at, zones.get(uid) ?? this.#parts.timezone()),
        }));
      });
    this.runs({ again: [...end, ...rows].map(({ runId }) => runId) });
  }

  pauses(what: 'paused' | 'resumed', pauses: readonly Omit<Pause, 'id' | 'endedAt'>[], by?: string): void {
    if (pauses.length === 0) return;
    const at = this.#parts.clock.now();
    this.#tell(async () => await this.#pauseEvents(what, pauses, at, by));
  }

  /** Which outside sources hold all jobs; the first look is what held before anybody could listen. */
  observed(open: readonly Pause[]): void {
    const outside = open.filter(({ source }) => OUTSIDE.includes(source));
    const now = new Map(outside.map((pause) => [pause.id, pause]));
    const begun = outside.filter(({ id }) => !this.#held.has(id));
    const ended = [...this.#held.values()].filter(({ id }) => !now.has(id));
    this.#held = now;
    this.pauses('paused', begun);
    this.pauses('resumed', ended);
  }

  async #pauseEvents(
    what: 'paused' | 'resumed',
    pauses: readonly Omit<Pause, 'id' | 'endedAt'>[],
    at: EpochMs,
    by?: string,
  ): Promise<SchedulerEvent[]> {
    const uids = pauses.flatMap(({ jobUid }) => jobUid ?? []);
    const jobs = new Map((await this.#store.jobs({ uids })).map((job) => [job.uid, job]));
    return pauses.flatMap(({ jobUid, source, who, until }): SchedulerEvent[] => {
      const job = jobUid === null ? null : jobs.get(jobUid);
      const zone = job?.schedule.timezone ?? this.#parts.timezone();
      const common = { at: iso(at, zone), by: by ?? who, until: isoOrNull(until, zone) };
      if (jobUid === null) return [{ type: `scheduler:${what}`, source, ...common }];
      return job ? [{ type: `job:${what}`, job: job.id, job_name: job.name, ...common }] : [];
    });
  }

  /** A circuit that pauses its job does so in the transaction of the ending (rule 22). */
  async #circuitPauses(failed: readonly Run[]): Promise<SchedulerEvent[]> {
    const ends = new Map(failed.map((run) => [run.jobUid, run.endedAt ?? -1]));
    const from = Math.min(...ends.values());
    const opened = (await this.#store.pauses({ from, to: Math.max(...ends.values()) })).filter(
      ({ source, jobUid, since }) => source === 'circuit' && jobUid !== null && ends.get(jobUid) === since,
    );
    return await this.#pauseEvents('paused', opened, from);
  }

  async #zones(uids: readonly string[]): Promise<Map<string, string>> {
    if (uids.length === 0) return new Map();
    const jobs = await this.#store.jobs({ uids: [...new Set(uids)] });
    return new Map(jobs.map((job) => [job.uid, job.schedule.timezone]));
  }

  #tell(collect: () => Promise<readonly SchedulerEvent[]>): void {
    if (this.#parts.events.isHeard) this.#parts.events.tell(collect);
  }
}

const OUTSIDE: readonly Pause['source'][] = ['environment', 'env_file', 'vault_file'];
