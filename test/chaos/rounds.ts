// The rounds: lives of the service on one state directory, each ended at another point, with meddling in between.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Diary, LifeNote } from './diary.ts';
import { namesIn } from './ledger.ts';
import { Life } from './life.ts';
import { Operator } from './operator.ts';
import { ALL_POINTS, POINTS, type Point } from './points.ts';
import type { Random } from './random.ts';
import { clearTrap, setTrap } from './trap.ts';

/** How long a trap may wait to be sprung; the slowest job comes by more often. */
const PATIENCE_MS = 6_000;
const UPKEEP_MS = 1_500;
const LIVES_A_ROUND = 2;
/** One life of so many ends as it should: SIGTERM, and nobody kills it on the way. */
const CLEAN_EVERY = 12;

export class Rounds {
  readonly #dir: string;
  readonly #random: Random;
  readonly #diary: Diary;
  readonly #operator: Operator;
  readonly kills = new Map<Point, number>(ALL_POINTS.map((point) => [point, 0]));

  constructor(dir: string, random: Random, diary: Diary) {
    this.#dir = dir;
    this.#random = random;
    this.#diary = diary;
    this.#operator = new Operator(dir, random, diary);
    for (const folder of ['settings', 'vault']) mkdirSync(path.join(dir, folder), { recursive: true });
    this.#operator.begin();
  }

  async round(): Promise<void> {
    for (let n = 0; n < LIVES_A_ROUND; n++) {
      const isClean = (this.#diary.lives.length + 1) % CLEAN_EVERY === 0;
      await this.#live(isClean ? null : this.#leastSeen());
      await sleep(this.#random.below(300));
      if (this.#random.chance(0.15)) await this.#operator.meddle(false);
    }
  }

  /** One more life, which works off what is left and ends by SIGTERM. */
  async finish(): Promise<void> {
    await this.#operator.drain();
    clearTrap(this.#dir);
    const life = this.#begin();
    await life.up();
    const until = Date.now() + 60_000;
    // Its start may find that the last two kills met the same job.
    await this.#operator.revive();
    const live = `SELECT run_id FROM runs WHERE state IN ('queued', 'running', 'stopping') LIMIT 1`;
    while (namesIn(this.#dir, live).length > 0 && Date.now() < until && !life.isOver) await sleep(200);
    life.stop();
    this.#note(await life.ended);
  }

  #leastSeen(): Point {
    const least = Math.min(...this.kills.values());
    return this.#random.pick(ALL_POINTS.filter((point) => this.kills.get(point) === least));
  }

  /** One life, to its end at `point`; null = no kill. */
  async #live(point: Point | null): Promise<void> {
    clearTrap(this.#dir);
    const stage = point === null ? null : POINTS[point];
    if (stage === 'start' || stage === 'upkeep') setTrap(this.#dir, point!);
    const life = this.#begin();
    if (point === 'random, starting') after(this.#random.below(500), () => life.kill());
    if (await life.up()) await this.#liveOn(life, point);
    const note = await life.ended;
    this.#note(point?.startsWith('random') && note.point === null ? { ...note, point } : note);
  }

  async #liveOn(life: Life, point: Point | null): Promise<void> {
    const { chance, below } = this.#random;
    await this.#operator.revive();
    if (chance(0.7) || POINTS[point ?? 'random, up'] !== 'random') await this.#operator.liftAll();
    if (chance(0.5)) await this.#operator.meddle(true);
    await sleep(below(300));
    if (needsWork(point)) await this.#operator.liftAll();
    await this.#end(life, point);
    const patience = after(PATIENCE_MS, () => life.kill());
    await life.ended;
    clearTimeout(patience);
  }

  async #end(life: Life, point: Point | null): Promise<void> {
    const { below } = this.#random;
    switch (point === null ? null : POINTS[point]) {
      case null:
        return life.stop();
      case 'stop':
        setTrap(this.#dir, point!);
        return life.stop();
      case 'reload':
        setTrap(this.#dir, point!);
        await this.#operator.edit();
        return life.hangUp();
      case 'upkeep':
        // Once after each start, beside what it runs.
        after(UPKEEP_MS, () => life.kill());
        return;
      case 'start':
        // Its start had nothing to die at, e.g. no run to recover.
        return life.kill();
      case 'random':
        if (point === 'random, stopping') life.stop();
        after(below(point === 'random, stopping' ? 300 : 1_000), () => life.kill());
        return;
      default:
        setTrap(this.#dir, point!);
    }
  }

  #begin(): Life {
    return new Life(this.#dir, this.#diary.lives.length + 1);
  }

  #note(note: LifeNote): void {
    // Out of patience, or up where it was to die while starting: nobody chose that instant.
    const point = note.end === 'killed' ? (note.point ?? 'random, up') : null;
    this.#diary.lives.push({ ...note, point });
    if (point !== null) this.kills.set(point, (this.kills.get(point) ?? 0) + 1);
    rmSync(path.join(this.#dir, 'pid'), { force: true });
  }
}

/** Points that are only reached where slots are admitted or runs work. */
function needsWork(point: Point | null): boolean {
  const stage = point === null ? null : POINTS[point];
  return (
    stage === 'due → queued' ||
    stage === 'queued → running' ||
    stage === 'running → settled' ||
    stage === 'stop'
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function after(ms: number, work: () => void): NodeJS.Timeout {
  return setTimeout(work, ms);
}
