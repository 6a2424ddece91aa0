// The real service as a process of its own: started on a project of a test, read line by line, never left behind.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFailed, onTestFinished } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const MAIN = path.join(root, 'src/main.ts');

export type Line = Record<string, unknown>;
/** An object of a command's answer. */
export type Row = Record<string, unknown>;

/** How a process ended. */
export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** What a command answered. */
export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder as a user has it: settings, jobs, vault, state. Gone with the test. */
export class Project {
  readonly dir: string;
  /** More variables of its processes. */
  readonly env: NodeJS.ProcessEnv = {};

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<Project> {
    const project = new Project(await mkdtemp(path.join(tmpdir(), 'process-')));
    onTestFinished(() => rm(project.dir, { recursive: true, force: true }));
    for (const folder of ['settings', 'jobs', 'vault/conversations', 'vault/summaries', 'vault/concepts'])
      await mkdir(path.join(project.dir, folder), { recursive: true });
    return project;
  }

  get state(): string {
    return path.join(this.dir, 'data');
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(path.join(this.dir, file), text);
  }

  /** The lines below `scheduler.jobs`, and more of `scheduler`. Built-in jobs are there as in every installation. */
  async settings(jobs: string, more = 'enabled: true'): Promise<void> {
    const directories = JSON.stringify([path.join(root, 'jobs'), 'jobs']);
    const body = jobs.replace(/^\n+|\s+$/g, '').replace(/^/gm, '    ');
    await this.write(
      'settings/aclarai.config.yaml',
      `paths: { vault: vault }\nscheduler:\n  ${more}\n  job_directories: ${directories}\n  jobs:\n${body}\n`,
    );
  }

  start(...args: string[]): ServiceProcess {
    return new ServiceProcess(this.#spawn(['start', ...args]));
  }

  /** One command, to its end. */
  async command(...args: string[]): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const options = { cwd: this.dir, env: this.#env() };
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    return await promise;
  }

  /** The answer of a command that must succeed. */
  async json<T = Row>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.command(...args, '--json');
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  #spawn(args: string[]): ChildProcess {
    return spawn(process.execPath, [MAIN, ...args], {
      cwd: this.dir,
      env: this.#env(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Nothing of the machine that runs the tests: no graph, no pause, no zone. */
  #env(): NodeJS.ProcessEnv {
    const { PATH, HOME } = process.env;
    return { PATH, HOME, SCHEDULER_PORT: '0', ...this.env };
  }
}

export class ServiceProcess {
  readonly ended: Promise<End>;
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  #stderr = '';
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr!.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line));
      this.#tell();
    });
    // `close`, not `exit`: by then every line has been read.
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#over = true;
      this.#tell();
      return { code, signal, stderr: this.#stderr };
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    onTestFailed(() => console.error(this.#transcript()));
  }

  /** The first line since `from` lines that holds, as soon as it is there. Throws with the log when the process ends first. */
  async line(holds: (line: Line) => boolean, from = 0): Promise<Line> {
    for (let next = from; ; ) {
      for (; next < this.lines.length; next++) if (holds(this.lines[next]!)) return this.lines[next]!;
      if (this.#over) throw new Error(`the service ended before that line:\n${this.#transcript()}`);
      await this.#nextLine();
    }
  }

  async message(text: RegExp, from = 0): Promise<Line> {
    return await this.line((line) => text.test(String(line.msg ?? '')), from);
  }

  /** The line of a run that ended. */
  async runOf(job: string, from = 0): Promise<Line> {
    return await this.line((line) => line.job_name === job && 'success' in line && !('msg' in line), from);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The signal, and how the process ended by it. */
  async kill(signal: NodeJS.Signals): Promise<End> {
    this.#child.kill(signal);
    return await this.ended;
  }

  #nextLine(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  #tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #transcript(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), this.#stderr].join('\n');
  }
}
