// One life of the service: a child process on the shared state directory, from its start to its end.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LifeNote } from './diary.ts';
import { sprungAt } from './trap.ts';

const SERVICE = path.join(import.meta.dirname, 'service.ts');
/** Longer than any start takes on a busy machine. */
const START_PATIENCE_MS = 60_000;

export class Life {
  readonly #child: ChildProcess;
  readonly #dir: string;
  readonly #note: Omit<LifeNote, 'endedAt' | 'end' | 'point'>;
  readonly #up = Promise.withResolvers<boolean>();
  #askedKill = false;
  #stderr = '';
  readonly ended: Promise<LifeNote>;

  constructor(dir: string, n: number) {
    this.#dir = dir;
    const spawnedAt = Date.now();
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, TZ: 'UTC' };
    this.#child = spawn(process.execPath, [SERVICE], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#note = {
      n,
      pid: this.#child.pid ?? -1,
      spawnedAt,
      upAt: null,
      askedToStopAt: null,
      said: '',
    };
    this.#child.stderr!.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#read(line));
    this.ended = this.#end();
  }

  /** False = it ended before it was up. */
  async up(): Promise<boolean> {
    const patience = setTimeout(() => this.kill(), START_PATIENCE_MS);
    const isUp = await this.#up.promise;
    clearTimeout(patience);
    return isUp;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  stop(): void {
    this.#note.askedToStopAt ??= Date.now();
    this.#child.kill('SIGTERM');
  }

  hangUp(): void {
    this.#child.kill('SIGHUP');
  }

  /** From outside, wherever it is. */
  kill(): void {
    this.#askedKill = true;
    this.#child.kill('SIGKILL');
  }

  #read(line: string): void {
    appendFileSync(path.join(this.#dir, 'service.log'), `${this.#note.n} ${line}\n`);
    if (this.#note.upAt !== null || !line.includes('the scheduler is up')) return;
    this.#note.upAt = Date.parse(JSON.parse(line).time);
    this.#up.resolve(true);
  }

  async #end(): Promise<LifeNote> {
    const [code, signal] = await once(this.#child, 'close');
    const endedAt = Date.now();
    this.#up.resolve(false);
    const sprung = sprungAt(this.#dir);
    const note = { ...this.#note, endedAt, point: sprung };
    if (signal === 'SIGKILL' && (this.#askedKill || sprung)) return { ...note, end: 'killed' };
    if (code === 0 && note.askedToStopAt !== null) return { ...note, end: 'stopped' };
    return { ...note, end: 'fell', said: `code ${code}, signal ${signal}: ${this.#stderr}` };
  }
}
