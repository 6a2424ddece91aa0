// A settings file in a folder of its own, loaded as the service loads it; notes in a form that tables compare.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { ZodType } from 'zod';
import { type LoadResult, loadSettings } from '#config/load';
import type { Note, Settings } from '#config/settings';
import type { HandlerInfo, JsonObject } from '#core/handler';

export interface Given {
  yaml?: string;
  env?: Record<string, string>;
  /** Other files of the project, by relative path. */
  files?: Record<string, string>;
  /** Job classes beside the built-in ones. */
  handlers?: HandlerInfo[];
  stateDir?: string;
  file?: string;
}

export function handler(name: string, parts: { defaults?: JsonObject; input?: ZodType } = {}): HandlerInfo {
  const { defaults = {}, input = null } = parts;
  return { name, description: null, defaults, input, file: `jobs/${name}.ts` };
}

/** A folder that is gone after the test. */
export function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'settings-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export function write(root: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

export async function loadIn(root: string, given: Given = {}): Promise<LoadResult> {
  const { yaml, env = {}, files = {}, handlers = [], stateDir, file } = given;
  write(root, { ...(yaml === undefined ? {} : { 'settings/aclarai.config.yaml': yaml }), ...files });
  const known = [handler('vault_sync'), handler('housekeeping'), ...handlers];
  const byName = new Map(known.map((info) => [info.name, info]));
  return loadSettings({ file, env, cwd: root, stateDir, handlers: async () => (name) => byName.get(name) });
}

export function load(yaml: string, given: Given = {}): Promise<LoadResult> {
  return loadIn(folder(), { yaml, ...given });
}

/** The settings of a file that must load. */
export async function settingsOf(yaml: string, given: Given = {}): Promise<Settings> {
  const result = await load(yaml, given);
  if (result.kind === 'faults') throw new Error(`faults: ${said(result.faults).join('\n')}`);
  return result.settings;
}

/** `line CODE path` of every fault of a file that must not load. */
export async function faultsOf(yaml: string, given: Given = {}): Promise<string[]> {
  const result = await load(yaml, given);
  return result.kind === 'faults' ? said(result.faults) : [];
}

export async function warningsOf(yaml: string, given: Given = {}): Promise<string[]> {
  const result = await load(yaml, given);
  return said(result.kind === 'faults' ? result.warnings : result.settings.warnings);
}

export function said(notes: readonly Note[]): string[] {
  return notes.map((note) => `${note.line ?? '-'} ${note.code} ${note.path}`);
}

/** The job of a file that must load. */
export async function jobOf(entry: string, given: Given = {}, id = 'count') {
  const yaml = `scheduler:\n  jobs:\n    ${id}: ${entry}\n`;
  const settings = await settingsOf(yaml, { handlers: [handler('count')], ...given });
  return settings.jobs.find((job) => job.id === id)!;
}
