// The person beside the service: pauses and resumes, edits settings, runs and cancels by hand, and notes each act.

import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '#core/clock';
import type { Installation } from '#service/host';
import { createHost } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import type { Diary, HoldNote, Span } from './diary.ts';
import { namesIn } from './ledger.ts';
import { drained, edit, LOAD, type LoadJob, settingsText } from './load.ts';
import type { Random } from './random.ts';

const JOB_DIRECTORY = path.join(import.meta.dirname, 'jobs');
const SETTINGS = 'settings/aclarai.config.yaml';
const CRASH_LOOPS = `SELECT jobs.id FROM pauses JOIN jobs ON jobs.uid = pauses.job_uid
  WHERE pauses.source = 'crash_loop' AND pauses.ended_at IS NULL`;
const FILES = { env_file: 'settings/.env', vault_file: 'vault/.aclarai_pause' } as const;

export class Operator {
  readonly #dir: string;
  readonly #random: Random;
  readonly #diary: Diary;
  #load: readonly LoadJob[] = LOAD;

  constructor(dir: string, random: Random, diary: Diary) {
    this.#dir = dir;
    this.#random = random;
    this.#diary = diary;
  }

  begin(): void {
    this.#publish(LOAD);
  }

  /** What somebody may do at any time, also while no service is up. */
  async meddle(isUp: boolean): Promise<void> {
    const { pick, below } = this.#random;
    const always = [
      () => this.edit(),
      () => this.hold(pick(['env_file', 'vault_file', 'api'] as const)),
      () => this.hold('api', pick(['tick', 'late_all', 'slow', 'once'])),
    ];
    const beside = [() => this.runByHand(pick(['tick', 'slow', 'startup'])), () => this.cancelSome()];
    const acts = isUp ? [...always, ...beside] : always;
    await acts[below(acts.length)]!();
  }

  /** One change of definitions, sometimes written in two goes with a moment between. */
  async edit(): Promise<void> {
    const { pick, chance, below } = this.#random;
    const changes = [
      () => edit(this.#load, 'edited', { schedule: { kind: 'every', seconds: 1 + below(3) } }),
      () => edit(this.#load, 'edited', { schedule: { kind: 'cron', expression: '*/2 * * * * *' } }),
      () => edit(this.#load, 'toggled', { enabled: !this.#load.find(({ id }) => id === 'toggled')!.enabled }),
      () => edit(this.#load, 'once', { schedule: { kind: 'at', at: inSeconds(1 + below(3)) } }),
    ];
    const load = pick(changes)();
    if (chance(0.3)) await this.#tear(settingsText(load, this.#dir, JOB_DIRECTORY));
    this.#publish(load);
  }

  /** No job becomes due any more, and nothing is held: what is under way comes to its end. */
  async drain(): Promise<void> {
    await this.liftAll();
    await this.revive();
    this.#publish(drained(this.#load));
  }

  async hold(source: HoldNote['source'], job: string | null = null): Promise<void> {
    if (this.#held().some((note) => note.source === source && note.job === job)) return;
    const set = await span(async () => {
      if (source === 'env_file')
        writeFileSync(path.join(this.#dir, FILES.env_file), 'AUTOMATION_PAUSE=true\n');
      else if (source === 'vault_file') writeFileSync(path.join(this.#dir, FILES.vault_file), '');
      else
        await this.#command(async ({ service }) => {
          const target = job === null ? {} : { job };
          await service.pause({ ...target, reason: null, until: null, by: 'chaos' });
        });
    });
    this.#diary.holds.push({ source, job, set, lifted: null });
  }

  get isHeld(): boolean {
    return this.#held().length > 0;
  }

  async liftAll(): Promise<void> {
    for (const note of this.#held()) {
      note.lifted = await span(() => this.#lift(note));
      if (note.job !== null) this.#diary.revived.push({ job: note.job, span: note.lifted });
    }
  }

  /** Jobs that were at work at two kills in a row are paused, which is right, and would leave nothing to do (rule 10). */
  async revive(): Promise<void> {
    const jobs = namesIn(this.#dir, CRASH_LOOPS);
    if (jobs.length === 0) return;
    const revived = await span(() =>
      this.#command(async ({ service }) => {
        for (const job of jobs) await service.resume({ job, by: 'chaos' });
      }),
    );
    this.#diary.revived.push(...jobs.map((job) => ({ job, span: revived })));
    // A resume lifts whatever command or crash has paused the job.
    for (const note of this.#held()) if (jobs.includes(note.job ?? '')) note.lifted = revived;
  }

  async runByHand(job: string): Promise<void> {
    await this.#command(({ service }) => service.runNow(job, { by: 'chaos', force: true }));
  }

  async cancelSome(): Promise<void> {
    await this.#command(async ({ service }) => {
      const live = await service.history({ states: ['running', 'queued'], limit: 20 });
      if (live.length === 0) return;
      const { run_id } = this.#random.pick(live);
      const asked = await span(() => service.cancelRun(run_id, 'chaos').catch(unlessEnded));
      this.#diary.cancels.set(run_id, asked);
    });
  }

  #held(): HoldNote[] {
    return this.#diary.holds.filter((note) => note.lifted === null);
  }

  async #lift({ source, job }: HoldNote): Promise<void> {
    if (source !== 'api') rmSync(path.join(this.#dir, FILES[source]));
    else await this.#command(({ service }) => service.resume({ ...(job !== null && { job }), by: 'chaos' }));
  }

  /** As a command of the command line does it: another process on the same files. */
  async #command(work: (installation: Installation) => Promise<unknown>): Promise<void> {
    const host = createHost({
      env: { TZ: 'UTC' },
      cwd: this.#dir,
      clock: systemClock,
      log: createLog({ clock: systemClock, level: 'error', sink: { write() {} }, pretty: false }),
      version: 'chaos',
      pid: process.pid,
      random: Math.random,
    });
    const loaded = await host.load({});
    if (loaded.kind === 'faults')
      throw new Error(`the settings have faults: ${JSON.stringify(loaded.faults)}`);
    try {
      await loaded.installation.prepareWrite();
      await work(loaded.installation);
    } finally {
      await loaded.installation.close();
    }
  }

  #publish(load: readonly LoadJob[]): void {
    const from = Date.now();
    this.#load = load;
    writeFileSync(path.join(this.#dir, SETTINGS), settingsText(load, this.#dir, JOB_DIRECTORY));
    this.#diary.versions.push({ load, written: { from, to: Date.now() } });
  }

  /** The first part of a write: it ends inside the braces of a job. */
  async #tear(text: string): Promise<void> {
    const jobs = text.indexOf('  jobs:');
    const cut = text.indexOf('":', jobs + this.#random.below(text.length - jobs - 400));
    writeFileSync(path.join(this.#dir, SETTINGS), text.slice(0, cut + 1));
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(150)));
  }
}

async function span(work: () => Promise<unknown>): Promise<Span> {
  const from = Date.now();
  await work();
  return { from, to: Date.now() };
}

function inSeconds(seconds: number): number {
  return Math.ceil(Date.now() / 1000 + seconds) * 1000;
}

/** Between the look and the request it may have come to its end. */
function unlessEnded(error: { code?: string }): void {
  if (error.code !== 'PRECONDITION_FAILED') throw error;
}
