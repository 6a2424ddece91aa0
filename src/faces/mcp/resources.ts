// Jobs and runs as resources of MCP: read by their address, told when they change.

import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { SchedulerService } from '#service/service';

export const JOBS = 'aclarai://jobs';
export const TEMPLATES = [
  { uriTemplate: `${JOBS}/{id}`, name: 'job', description: 'One job: schedule, policy, pauses, counters' },
  { uriTemplate: 'aclarai://runs/{run_id}', name: 'run', description: 'One run: attempts, result, error' },
].map((each) => ({ ...each, mimeType: 'application/json' }));

/** Most clients show all that they are told of. */
const MOST_LISTED = 200;
/** A write is heard of shortly before it can be read (store `onWrite`); a long one takes a second look. */
const LOOK_AFTER_MS = [100, 400];

export async function listResources(service: SchedulerService) {
  const jobs = (await service.list()).slice(0, MOST_LISTED);
  const mimeType = 'application/json';
  return [
    { uri: JOBS, name: 'jobs', description: 'All jobs', mimeType },
    ...jobs.map((job) => ({
      uri: `${JOBS}/${encodeURIComponent(job.id)}`,
      name: job.name,
      mimeType,
      ...(job.description !== null && { description: job.description }),
    })),
  ];
}

/** Throws JOB_NOT_FOUND, RUN_NOT_FOUND, INVALID_PARAMETERS for any other address. */
export async function readResource(service: SchedulerService, uri: string): Promise<unknown> {
  if (uri === JOBS) return await service.list();
  const [, kind, id] = /^aclarai:\/\/(jobs|runs)\/([^/]+)$/.exec(uri) ?? [];
  if (kind === 'jobs') return await service.find(decodeURIComponent(id!));
  if (kind === 'runs') return await service.run(decodeURIComponent(id!));
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    `there is no resource ${uri}`,
    `${JOBS}, ${TEMPLATES.map(({ uriTemplate }) => uriTemplate).join(', ')}`,
  );
}

/** Tells of subscribed resources that read otherwise than before, whoever changed them. */
export class Subscriptions {
  readonly #service: SchedulerService;
  readonly #clock: Clock;
  readonly #tell: (uri: string) => void;
  readonly #known = new Map<string, string>();
  #stopWatching: (() => void) | null = null;
  #timers: (() => void)[] = [];

  constructor(service: SchedulerService, clock: Clock, tell: (uri: string) => void) {
    this.#service = service;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Throws what reading it throws. */
  async add(uri: string): Promise<void> {
    this.#known.set(uri, JSON.stringify(await readResource(this.#service, uri)));
    this.#stopWatching ??= this.#service.onWrite(() => this.#lookSoon());
  }

  remove(uri: string): void {
    this.#known.delete(uri);
    if (this.#known.size === 0) this.close();
  }

  close(): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
    for (const cancel of this.#timers.splice(0)) cancel();
  }

  #lookSoon(): void {
    for (const cancel of this.#timers.splice(0)) cancel();
    this.#timers = LOOK_AFTER_MS.map((ms) => this.#clock.timer(ms, () => void this.#look()));
  }

  async #look(): Promise<void> {
    for (const [uri, before] of [...this.#known]) {
      // What is gone is a change, too: reading it says so.
      const now = await readResource(this.#service, uri).then(JSON.stringify, () => 'gone');
      if (now === before || !this.#known.has(uri)) continue;
      this.#known.set(uri, now);
      this.#tell(uri);
    }
  }
}
