// One program as a child in a process group of its own: no shell, nothing inherited, its lines into the log of the run.

import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { sleep } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { type ChildRecord, type HandlerHost, isShell } from '#core/programs';
import { factsOf } from '../isolation/process-table.ts';
import { ProgramLines } from './lines.ts';

export interface ProgramSpec {
  command: readonly [string, ...string[]];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Empty = its stdin is at its end. */
  stdin: string;
}

/** How it ended, when nothing of it runs any more. */
export interface ProgramEnd {
  /** Null = a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdoutLines: number;
  stderrLines: number;
  /** What it said last on stderr: mostly why it failed. */
  lastWord: string | null;
}

export interface Program {
  /** Null = it could not be started. */
  child: ChildRecord | null;
  /** Rejects where it could not be started. */
  ended: Promise<ProgramEnd>;
  /** Asks all of its group to end. */
  terminate(): void;
  /** Kills all of its group. */
  kill(): void;
}

/** For what a program left behind outside of its group, with the pipes still in its hands. */
const PIPES_MS = 1_000;
const LONGEST_WORD = 500;

/** Throws FORBIDDEN for what is a shell by another name. */
export function startProgram(spec: ProgramSpec, host: Pick<HandlerHost, 'clock' | 'log'>): Program {
  const { command, cwd, env, stdin } = spec;
  const [program, ...args] = command;
  refuseShell(program, env.PATH ?? '');
  // A group of its own: what the program starts is ended with it.
  const options = { cwd, env: { ...env }, detached: true, shell: false, windowsHide: true } as const;
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  // It may not read what it is given.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return {
    child: recordOf(child),
    ended: over(child, spec, host),
    terminate: () => signalGroup(child, 'SIGTERM'),
    kill: () => signalGroup(child, 'SIGKILL'),
  };
}

function recordOf({ pid }: ChildProcess): ChildRecord | null {
  return pid === undefined ? null : { pid, group: pid, started: factsOf(pid)?.started ?? '' };
}

async function over(
  child: ChildProcess,
  { command, cwd }: ProgramSpec,
  { clock, log }: Pick<HandlerHost, 'clock' | 'log'>,
): Promise<ProgramEnd> {
  let lastWord: string | null = null;
  const stdout = new ProgramLines(clock, (line) => log.written('stdout', line));
  const stderr = new ProgramLines(clock, (line) => {
    if (line.trim() !== '') lastWord = line.trim().slice(0, LONGEST_WORD);
    log.written('stderr', line);
  });
  child.stdout!.on('data', (chunk: Buffer) => stdout.take(chunk));
  child.stderr!.on('data', (chunk: Buffer) => stderr.take(chunk));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { exitCode, signal } = await new Promise<Pick<ProgramEnd, 'exitCode' | 'signal'>>(
    (resolve, reject) => {
      child.once('error', (error) => reject(notStarted(command[0], cwd, error)));
      child.once('exit', (code, by) => resolve({ exitCode: code, signal: by }));
    },
  );
  // What it has started and not waited for ends with it.
  signalGroup(child, 'SIGKILL');
  await closedWithin(child, closed, clock);
  stdout.end();
  stderr.end();
  return { exitCode, signal, stdoutLines: stdout.count, stderrLines: stderr.count, lastWord };
}

async function closedWithin(
  child: ChildProcess,
  closed: Promise<void>,
  clock: HandlerHost['clock'],
): Promise<void> {
  const isClosed = new AbortController();
  const patience = sleep(clock, PIPES_MS, isClosed.signal).then(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  await Promise.race([closed, patience]);
  isClosed.abort();
}

function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

/** By what it is on the disk, whatever it is called. */
function refuseShell(program: string, searched: string): void {
  const places = program.includes('/')
    ? [program]
    : searched.split(':').map((dir) => path.join(dir, program));
  for (const place of places) {
    const real = realPath(place);
    if (real === null) continue;
    if (!isShell(real) || path.basename(real) === 'busybox') return;
    throw Object.assign(
      new SchedulerError(
        'FORBIDDEN',
        `${program} is a shell (${real})`,
        'a shell is never started: name the program itself, or an executable script',
      ),
      { retryable: false },
    );
  }
}

function realPath(place: string): string | null {
  try {
    return realpathSync(place);
  } catch {
    return null;
  }
}

function notStarted(program: string, cwd: string, error: NodeJS.ErrnoException): Error {
  const isMissing = error.code === 'ENOENT';
  const message = isMissing
    ? `there is no program ${program}, or no folder ${cwd}`
    : `${program} cannot be started: ${error.message}`;
  const fix = isMissing
    ? 'install it, or write its whole path in scheduler.exec.allowed'
    : 'make it executable for the user of the service';
  return Object.assign(new SchedulerError('EXECUTION_ERROR', message, fix, { cause: error }), {
    retryable: false,
  });
}
