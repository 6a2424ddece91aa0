// Programs that jobs may start: what the settings allow, and what the scheduler's own handlers get to work with.

import type { Clock } from './clock.ts';
import type { OutputLog } from './run-log.ts';

/** A program with its arguments, which is a handler of that name. */
export interface NamedProgram {
  readonly name: string;
  /** Program, then its arguments. Never a shell line. */
  readonly command: readonly [string, ...string[]];
  /** Null = the project's folder. */
  readonly cwd: string | null;
  /** Beside what every program sees. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ExecSettings {
  /** By name or path, as a job has to write them. */
  readonly programs: readonly string[];
  readonly named: readonly NamedProgram[];
}

/** A process that would outlive a crash of the service: on record, it is ended at the next start (rule 10). */
export interface ChildRecord {
  pid: number;
  group: number;
  /** Opaque: with the pid no other process has the same. */
  started: string;
}

/** What handlers of the scheduler's own may use beside `ctx`. Job code never gets it. */
export interface HandlerHost {
  log: OutputLog;
  clock: Clock;
  /** Variables that every program sees: none that may be a secret. */
  environment: Readonly<Record<string, string>>;
  /** Relative paths count from it. */
  projectDir: string;
  exec: ExecSettings;
  http: { readonly privateNetworks: boolean };
  /** Keeps processes on record. */
  children: {
    onBegun(child: ChildRecord, job: string): Promise<void>;
    onGone(child: ChildRecord): Promise<void>;
  };
}

/** Work that the handler has begun, and that can be ended whatever it does. */
export interface BegunWork {
  /** Settles when nothing of it runs any more. */
  result: Promise<unknown>;
  /** Ends it for certain; `result` follows. */
  end(): void;
}

const SHELLS = new Set(
  'sh bash dash ash zsh ksh mksh fish csh tcsh rbash busybox cmd cmd.exe powershell pwsh'.split(' '),
);

/** By its name: what runs a line of text as commands. */
export function isShell(program: string): boolean {
  return SHELLS.has(program.split(/[\\/]/).at(-1)!.toLowerCase());
}
