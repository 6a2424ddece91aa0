// A job file in a thread or process of its own, as the pipeline starts it: its log and requests kept, its end awaited.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '#core/clock';
import type { Json, JsonObject } from '#core/handler';
import type { Permissions } from '#core/job';
import type { Log } from '#core/log';
import type { Answer, Call, IsolatedRequest } from '#runs/call';
import type { Progress } from '#runs/context';
import { HandlerRegistry } from '#runs/handlers/registry';
import { NOTHING_GRANTED } from '#runs/isolation/permissions';
import { WarmWorkers, type WarmWorkersParts } from '#runs/isolation/warm-workers';
import { appConfig, type LogLine } from './job-context.ts';

const SILENT: Log = {
  ...{ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  with: () => SILENT,
  at: () => SILENT,
};

export interface JobFolder {
  dir: string;
  registry: HandlerRegistry;
  write(name: string, text: string): Promise<void>;
}

/** Job files in a folder of their own, discovered. */
export async function jobFolder(files: Record<string, string>): Promise<JobFolder> {
  const dir = await mkdtemp(path.join(tmpdir(), 'job-thread-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const registry = new HandlerRegistry(SILENT);
  await registry.discover([dir]);
  return { dir, registry, write };
}

/** A job file around the body of `run(ctx)`. */
export function jobFile(body: string, head = '', definition = ''): string {
  return `import { defineJob, SchedulerError, z } from 'aclarai-scheduler';\n${head}
export default defineJob({ ${definition} async run(ctx) { ${body} } });\n`;
}

export interface ThreadOptions {
  isolation?: 'thread' | 'process';
  permissions?: Partial<Permissions>;
  /** Calls that share workers; else one of its own. */
  workers?: WarmWorkers;
  onCalled?(): void;
  input?: JsonObject;
  data?: Partial<IsolatedRequest['data']>;
  maxMemoryMb?: number;
  environment?: Record<string, string>;
  paused?(): boolean;
  call?(operation: string, input: JsonObject): Promise<Json>;
}

export interface JobThread {
  call: Call;
  answer: Promise<Answer>;
  aborter: AbortController;
  lines: LogLine[];
  progressed: Progress[];
  /** Resolves when the job has logged that message. */
  said(message: string): Promise<void>;
}

export async function startJob(
  { dir, registry }: JobFolder,
  name: string,
  options: ThreadOptions = {},
): Promise<JobThread> {
  const handler = await registry.load(name);
  const lines: LogLine[] = [];
  const progressed: Progress[] = [];
  const waiting: { message: string; heard(): void }[] = [];
  const take = (level: LogLine['level']) => (message: string, fields: object) => {
    lines.push({ level, message, fields });
    for (const each of waiting) if (each.message === message) each.heard();
  };
  const written = (stream: 'stdout' | 'stderr', line: string) => {
    take(stream === 'stdout' ? 'info' : 'warn')(line, {});
  };
  const aborter = new AbortController();
  const workers = options.workers ?? warmWorkers(dir, options.environment);
  const call = workers.start({
    isolation: options.isolation ?? 'thread',
    permissions: options.permissions ? { ...NOTHING_GRANTED, ...options.permissions } : null,
    code: handler.code!,
    data: { ...plainData(dir), ...options.data },
    input: options.input ?? {},
    maxMemoryMb: options.maxMemoryMb ?? null,
    signal: aborter.signal,
    log: { debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error'), written },
    paused: options.paused ?? (() => false),
    onCalled: options.onCalled ?? (() => {}),
    onProgress: (progress) => progressed.push(progress),
    call: options.call ?? (async () => null),
  });
  const said = (message: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (lines.some((line) => line.message === message)) resolve();
    waiting.push({ message, heard: resolve });
    return promise;
  };
  return { call, answer: call.answer, aborter, lines, progressed, said };
}

/** Workers that are gone when the test is over. */
export function warmWorkers(
  dir: string,
  environment: Record<string, string> = {},
  parts: Partial<WarmWorkersParts> = {},
): WarmWorkers {
  const workers = new WarmWorkers({
    clock: systemClock,
    env: environment,
    resolve: (written) => path.resolve(dir, written),
    watch: { onBegun: async () => {}, onGone: async () => {} },
    ...parts,
  });
  onTestFinished(() => workers.close());
  return workers;
}

/** One file, one call. */
export async function runJob(
  body: string,
  options: ThreadOptions & { head?: string } = {},
): Promise<JobThread> {
  return await startJob(await jobFolder({ 'job.ts': jobFile(body, options.head) }), 'job', options);
}

function plainData(dir: string): IsolatedRequest['data'] {
  return {
    job: 'job',
    runId: 'run-1',
    attempt: 1,
    slot: null,
    dueAt: 0,
    idempotencyKey: 'job@run-1',
    dryRun: false,
    state: null,
    lastSuccess: null,
    window: { from: null, to: 0 },
    stateDir: dir,
    config: appConfig(dir),
  };
}
