// Trusted settings: what the rest of the service may read, frozen, complete, with the origin of every value.

import type { HousekeeperSettings } from '#core/cleanup';
import type { AppConfig } from '#core/handler';
import type { JobSpec } from '#core/job';
import type { ExecSettings } from '#core/programs';
import type { DefaultsLayer } from './policy.ts';

/** `default`, `<file>:<line>`, the name of a variable, or `alias of <path>`. */
export type Origin = string;

export interface Settings {
  /** Absolute path of the YAML. */
  readonly file: string;
  /** The folder above `settings/`, else the file's own: relative paths in the file count from it. */
  readonly projectDir: string;
  readonly stateDir: string;
  /** `.env` files that are read and watched, later wins. They need not exist. */
  readonly envFiles: readonly string[];
  readonly scheduler: SchedulerSettings;
  readonly housekeeper: HousekeeperSettings;
  readonly jobs: readonly JobSpec[];
  /** Handed to job code: the whole file with paths resolved and secrets filled in; no service tokens. */
  readonly app: AppConfig;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly server: ServerSettings;
  /** Things a user should know that are no faults. */
  readonly warnings: readonly Note[];
  /** Every effective value by its dotted path, secrets masked. */
  readonly values: readonly EffectiveValue[];
  /** What `!ref:env:NAME` in input may read, by name: those of `scheduler.secrets` that are set. */
  readonly namedSecrets: Readonly<Record<string, string>>;
  /** Values that must never be shown or logged. */
  readonly secrets: readonly string[];
}

export interface SchedulerSettings {
  readonly enabled: boolean;
  /** IANA name (rule 25). */
  readonly timezone: string;
  readonly maxConcurrentExecutions: number;
  readonly checkIntervalMs: number;
  readonly allowPastEvents: boolean;
  readonly historyRetentionDays: number;
  readonly historyMaxRows: number;
  readonly autoCleanupEnabled: boolean;
  readonly cleanupIntervalMs: number;
  readonly stateMaxMb: number;
  readonly shutdown: { readonly drainMs: number; readonly abortMs: number };
  readonly traceDirectory: string;
  readonly jobDirectories: readonly string[];
  readonly secretNames: readonly string[];
  readonly exec: ExecSettings;
  readonly http: { readonly privateNetworks: boolean };
  readonly queues: { readonly maxRetries: number; readonly maxSize: number };
  readonly agents: { readonly minIntervalMs: number; readonly maxJobs: number; readonly maxTtlMs: number };
  /** `scheduler.defaults` as written, for jobs that other faces define. */
  readonly defaults: DefaultsLayer;
}

/** Variables only: the shared file says nothing about the service's own door. */
export interface ServerSettings {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly tokens: readonly Token[];
}

export interface Token {
  readonly name: string;
  readonly scope: 'read' | 'run' | 'write' | 'admin';
  readonly secret: string;
}

/** One fault or warning with its place; `line` and `column` start at 1. */
export interface Note {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path, e.g. `scheduler.jobs.vault_sync.cron`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
}

export interface EffectiveValue {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** What a settings change touches that only a restart applies (rule 14). */
export type RestartRequired = readonly string[];
