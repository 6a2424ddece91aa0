// The library once its ledger is open: what TypeScript code asks, in its own types, put to the service.

import type { Clock, EpochMs } from '#core/clock';
import type { JsonObject } from '#core/handler';
import { isFinal } from '#core/run';
import type { Events, RunEvent } from '#service/events';
import { followRun } from '#service/follow';
import type { Installation } from '#service/host';
import type { SchedulerService } from '#service/service';
import { iso, isoOrNull, type JobShape, type RunShape } from '#service/shapes';
import { changesOfEvent, checkedFilters, definitionOfEvent } from '../compat/event-definition.ts';
import type { EventShape } from '../compat/event-words.ts';
import { type EventFilters, type EventPage, eventPage, oneEvent } from '../compat/events.ts';
import { Tasks } from '../compat/tasks.ts';
import type {
  CleanupsApi,
  JobsApi,
  PauseNow,
  PauseOptions,
  PausesApi,
  ResumeOptions,
  RunsApi,
  SimulationWish,
  StretchInput,
} from './api.ts';
import { durationMs, durationText, type InstantInput, instantOf, plainDefinition } from './input.ts';

export interface OpenedParts {
  installation: Installation;
  clock: Clock;
  by: string;
}

const PAGE = 50;
/** Nobody else waits: the wait ends with its run, or with its service. */
const ENDLESS = new AbortController().signal;

export class Opened {
  readonly #parts: OpenedParts;

  constructor(parts: OpenedParts) {
    this.#parts = parts;
    this.tasks = new Tasks({
      service: this.#service,
      by: parts.by,
      plain: taskFields,
      prepare: () => parts.installation.prepareWrite(),
    });
  }

  /** Who asks. */
  get by(): string {
    return this.#parts.by;
  }

  get installation(): Installation {
    return this.#parts.installation;
  }

  get #service(): SchedulerService {
    return this.installation.service;
  }

  /** The ledger's jobs as the settings say, before something is written to them. */
  async #writable(): Promise<SchedulerService> {
    await this.installation.prepareWrite();
    return this.#service;
  }

  get #zone(): string {
    return this.installation.settings.scheduler.timezone;
  }

  instant(given: InstantInput): EpochMs {
    return instantOf(given, this.#zone, this.#parts.clock.now());
  }

  readonly jobs: JobsApi = {
    create: async (job) =>
      (await this.#writable()).create(plainDefinition(job), { by: this.#parts.by, source: 'api' }),
    update: async (job, changes) =>
      (await this.#writable()).update(job, plainDefinition(changes), { by: this.#parts.by }),
    delete: async (job, { purge = false, cancelRunning = false } = {}) =>
      (await this.#writable()).deleteJob(job, { purge, cancelRunning, by: this.#parts.by }),
    get: (job) => this.#service.find(job),
    list: (query) => this.#service.list(query),
    pause: (job, options = {}) => this.#pause(options, job),
    resume: (job, options = {}) => this.#resume(options, job),
    run: async (job, options = {}) =>
      (await this.#writable()).runNow(job, { ...options, by: this.#parts.by }),
  };

  readonly runs: RunsApi = {
    list: ({ limit = PAGE, ...query } = {}) => this.#service.history({ ...query, limit }),
    get: (run) => this.#service.run(run),
    start: async (handler, { input = {}, dryRun = false } = {}) =>
      (await this.#writable()).runAdHoc({ handler, input, dryRun, by: this.#parts.by }),
    wait: (run, { signal = ENDLESS, for: length } = {}) =>
      this.#ended(run, signal, length === undefined ? null : durationMs(length)),
    cancel: (run) => this.#service.cancelRun(run, this.#parts.by),
    rerun: async (run, options = {}) =>
      (await this.#writable()).rerun(run, { ...options, by: this.#parts.by }),
    backfill: async (job, { from, to, ...options }) =>
      (await this.#writable()).backfill(job, {
        ...options,
        from: this.instant(from),
        to: this.instant(to),
        by: this.#parts.by,
      }),
  };

  readonly pauses: PausesApi = {
    list: () => this.#pausesNow(),
    pause: (options = {}) => this.#pause(options),
    resume: (options = {}) => this.#resume(options),
  };

  readonly cleanups: CleanupsApi = {
    list: (query) => this.#service.cleanups.list(query),
    get: (id) => this.#service.cleanups.get(id),
    register: (rule) => this.#service.cleanups.register(given(rule), this.#parts.by),
    update: (id, changes) => this.#service.cleanups.update(id, given(changes), this.#parts.by),
    remove: (id) => this.#service.cleanups.remove(id, this.#parts.by),
    run: async ({ id, dryRun, planId, signal } = {}) => {
      const answer = await this.#service.cleanups.run({
        ...(id !== undefined && { ruleId: id }),
        ...(dryRun !== undefined && { dryRun }),
        ...(planId !== undefined && { planId }),
        ...(signal && { signal }),
      });
      return answer as unknown as Awaited<ReturnType<CleanupsApi['run']>>;
    },
  };

  readonly events = {
    create: async (given: object): Promise<JobShape> =>
      (await this.#writable()).create(definitionOfEvent(eventFields(given)), {
        by: this.#parts.by,
        source: 'api',
      }),
    get: (event: string): Promise<EventShape> => oneEvent(this.#service, event),
    page: (filters: EventFilters, limit: number): Promise<EventPage> =>
      eventPage(this.#service, checkedFilters(filters), limit),
    update: async (event: string, given: object): Promise<JobShape> => {
      const service = await this.#writable();
      const changes = changesOfEvent(await oneEvent(service, event), eventFields(given));
      return await service.update(event, changes, { by: this.#parts.by });
    },
  };

  readonly tasks: Tasks;

  next({ job, count = 10 }: { job?: string; count?: number } = {}) {
    return this.#service.next({ count, ...(job !== undefined && { job }) });
  }

  why(job: string, at: InstantInput) {
    return this.#service.why(job, typeof at === 'string' ? at : this.instant(at));
  }

  simulate({ from, to, down, pause, durations = {} }: SimulationWish = {}) {
    const stretches = (all: readonly StretchInput[] = []) =>
      all.map((each) => each.map(this.#text).join('..'));
    return this.#service.simulate({
      ...(from !== undefined && { from: this.#text(from) }),
      ...(to !== undefined && { to: this.#text(to) }),
      down: stretches(down),
      pause: stretches(pause),
      duration: Object.entries(durations).map(([job, each]) => `${job}=${durationText(each)}`),
    });
  }

  validate(expression: string, timezone?: string) {
    return this.#service.describe(expression, timezone);
  }

  stats() {
    return this.#service.stats();
  }

  status() {
    return this.installation.status();
  }

  #text = (given: InstantInput): string =>
    typeof given === 'string' ? given : iso(this.instant(given), this.#zone);

  #pause({ reason, until, for: length }: PauseOptions, job?: string) {
    const { clock, by } = this.#parts;
    const end =
      until !== undefined
        ? this.instant(until)
        : length === undefined
          ? null
          : clock.now() + durationMs(length);
    const request = { reason: reason ?? null, until: end, by, ...(job !== undefined && { job }) };
    return this.#writable().then((service) => service.pause(request));
  }

  #resume({ catchUp = false }: ResumeOptions, job?: string) {
    const request = { catchUp, by: this.#parts.by, ...(job !== undefined && { job }) };
    return this.#writable().then((service) => service.resume(request));
  }

  async #pausesNow(): Promise<PauseNow[]> {
    const global = await this.#service.pauses();
    const paused = await this.#service.list({ state: 'paused' });
    const own = paused.flatMap(({ id, paused_by }) => paused_by.map((pause) => ({ job: id, ...pause })));
    const all = global.filter(({ jobUid }) => jobUid === null);
    const isOfAll = (pause: Pick<PauseNow, 'source' | 'who' | 'since'>) =>
      all.some(
        ({ source, who, since }) =>
          source === pause.source && who === pause.who && since === Date.parse(pause.since),
      );
    return [
      ...all.map(({ source, who, why, since, until }) => ({
        job: null,
        ...{ source, who, why, since: iso(since, this.#zone), until: isoOrNull(until, this.#zone) },
      })),
      ...own.filter((pause) => !isOfAll(pause)),
    ];
  }

  /** By the event where this process runs it, by looking where another does. */
  async #ended(runId: string, signal: AbortSignal, limitMs: number | null): Promise<RunShape> {
    const told = new AbortController();
    const over = new AbortController();
    const looking = AbortSignal.any([signal, told.signal, over.signal]);
    const cancelLimit = limitMs === null ? () => {} : this.#parts.clock.timer(limitMs, () => over.abort());
    const byEvent = endingOf(this.installation.events, runId, told.signal);
    const follow = {
      service: this.#service,
      clock: this.#parts.clock,
      isServed: () => this.installation.isServed,
    };
    try {
      return await Promise.race([byEvent, followRun(follow, runId, looking)]);
    } finally {
      cancelLimit();
      told.abort();
    }
  }
}

function endingOf(events: Events, runId: string, signal: AbortSignal): Promise<RunShape> {
  const { promise, resolve } = Promise.withResolvers<RunShape>();
  const listener = (event: object) => {
    if (!('run' in event)) return;
    const { run } = event as RunEvent;
    if (run.run_id === runId && isFinal(run.state)) resolve(run);
  };
  events.on('*', listener, signal);
  return promise;
}

/** Instants as text; `parameters` are the function's own. */
function eventFields(fields: object): JsonObject {
  const { parameters, ...others } = fields as JsonObject;
  return { ...plainDefinition(others), ...(parameters !== undefined && { parameters }) };
}

/** As `eventFields`, of a task; its `data` are the command's own. */
function taskFields(fields: object): JsonObject {
  const { data, ...others } = fields as JsonObject;
  return { ...plainDefinition(others), ...(data !== undefined && { data }) };
}

/** Without what is `undefined`, which is absent. */
function given(fields: object): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
}
