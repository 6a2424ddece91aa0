// What would come: simulations and changed settings, from the ledger's jobs and what their runs took so far. Writes nothing.

import type { Settings } from '#config/settings';
import type { Clock, EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Store } from '#store/store';
import { planSettings, type SettingsPlanShape } from './settings-plan.ts';
import { freshJobs, jobsAt, type SimulationShape, simulationShape } from './simulation.ts';
import { readDurations, readSimulation, type SimulationTexts } from './simulation-request.ts';

/** Settings that nobody uses yet. */
export interface Candidate {
  settings: Settings;
  handlerKnown(name: string): boolean;
}

export interface ForecastParts {
  store: Store;
  clock: Clock;
  settings(): Settings;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  jobs(): Promise<StoredJob[]>;
  /** Pauses that hold now, global and of single jobs, outside sources included. */
  openPauses(): Promise<Pause[]>;
}

/** A median of so many is not moved by one that took long. */
const MEDIAN_OF = 21;

export class Forecast {
  readonly #parts: ForecastParts;

  constructor(parts: ForecastParts) {
    this.#parts = parts;
  }

  /**
   * What would become of the jobs as they are now, or of those of a candidate, first seen at `from`. Pauses that hold now
   * go on holding the jobs as they are now. Throws what `readSimulation` and `readDurations` do, TOO_LARGE.
   */
  async simulate(texts: SimulationTexts, candidate?: Candidate): Promise<SimulationShape> {
    const { clock, handlerKnown } = this.#parts;
    if (candidate) return simulateCandidate(candidate, texts, clock.now(), (jobs) => this.#medians(jobs));
    const { scheduler, jobs: defined } = this.#parts.settings();
    const { timezone: zone, maxConcurrentExecutions: cap } = scheduler;
    const request = readSimulation(texts, zone, clock.now());
    // As a start looks at them.
    const order = new Map(defined.map(({ id }, n) => [id, n]));
    const placeOf = (job: StoredJob) => order.get(job.id) ?? order.size;
    const jobs = (await this.#parts.jobs()).toSorted((a, b) => placeOf(a) - placeOf(b));
    const asked = readDurations(texts.duration ?? [], jobs);
    const durations = new Map([...(await this.#medians(jobs)), ...asked]);
    const held = await this.#parts.openPauses();
    const parts = { zone, held, durations, cap, handlerKnown };
    return simulationShape({ ...request, ...parts, jobs: jobsAt(jobs, request.from) });
  }

  /** What the ledger's jobs would become under other settings. */
  async plan(settings: Settings): Promise<SettingsPlanShape> {
    const { clock, scheduleOf, settings: current } = this.#parts;
    const jobs = await this.#parts.jobs();
    return planSettings({ jobs, before: current(), after: settings, now: clock.now(), scheduleOf });
  }

  /** Of the last runs that succeeded, bounded by the time limit; jobs that have none are left out. */
  async #medians(jobs: readonly StoredJob[]): Promise<Map<string, number>> {
    const medians = new Map<string, number>();
    for (const { id, policy } of jobs) {
      const runs = await this.#parts.store.runs({ jobId: id, states: ['succeeded'], limit: MEDIAN_OF });
      const took = runs
        .flatMap((run) => (run.snapshot.dryRun ? [] : (run.durationMs ?? [])))
        .sort((a, b) => a - b);
      const median = took[Math.floor(took.length / 2)];
      if (median !== undefined) medians.set(id, Math.min(Math.round(median), policy.timeoutMs));
    }
    return medians;
  }
}

/** As an installation that begins with these settings at `from`; `medians` where there is a ledger that knows any. */
export async function simulateCandidate(
  { settings, handlerKnown }: Candidate,
  texts: SimulationTexts,
  now: EpochMs,
  medians: (jobs: readonly StoredJob[]) => Promise<Map<string, number>> = async () => new Map(),
): Promise<SimulationShape> {
  const { timezone: zone, maxConcurrentExecutions: cap } = settings.scheduler;
  const request = readSimulation(texts, zone, now);
  const jobs = freshJobs(settings.jobs, request.from);
  const asked = readDurations(texts.duration ?? [], jobs);
  const durations = new Map([...(await medians(jobs)), ...asked]);
  return simulationShape({ ...request, jobs, held: [], cap, durations, zone, handlerKnown });
}
