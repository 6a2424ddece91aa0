// Vault, known state and graph are looked at; what to do about everything, and what a guard refuses, out. Writes nothing.

import type { AppConfig } from 'aclarai-scheduler';
import type { Applying } from './apply.ts';
import { type GonePlan, massUpdate, planGone } from './gone.ts';
import { GRAMMAR_VERSION } from './grammar.ts';
import type { GraphRow } from './graph.ts';
import { type BlockStep, type MayAdopt, planSync, type SyncPlan, type SyncStep } from './plan.ts';
import { type ScanOptions, scanVault, type VaultScan } from './scan.ts';
import type { GraphMark, KnownFile, KnownState } from './state.ts';
import { type Survey, surveyVault } from './survey.ts';

/** What the syncs before this one left, and whether this one looks at everything. */
export interface Known {
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly mark: GraphMark;
  readonly full: boolean;
}

export interface Deciding {
  readonly input: {
    readonly adopt: boolean;
    readonly allow_mass_archive: boolean;
    readonly allow_mass_update: boolean;
    readonly files?: readonly string[] | undefined;
  };
  readonly config: AppConfig;
  readonly state: KnownState;
  readonly on: Applying;
  readonly options: Pick<ScanOptions, 'maxFileMb' | 'signal' | 'clock' | 'onFile'>;
}

export interface Decision {
  readonly scan: VaultScan;
  readonly survey: Survey;
  readonly plan: SyncPlan;
  readonly gone: GonePlan;
  /** Edits that are too many at once. */
  readonly refused: readonly BlockStep[];
  /** All that is to be done, without what a guard refused. */
  readonly steps: readonly SyncStep[];
}

export async function decideSync(known: Known, deciding: Deciding): Promise<Decision> {
  const { input, config, on, state } = deciding;
  const { files, full } = known;
  const only = full ? undefined : input.files;
  const { paths, vault } = config;
  const options: ScanOptions = {
    ...deciding.options,
    vault: paths.vault,
    tiers: [paths.tier1, paths.tier2, paths.tier3],
    exclude: vault.exclude,
    known: files,
    full,
    ...(only && { only }),
  };
  const scan = await scanVault(options);
  const survey = await surveyVault({ scan, files, state, on, full, options });
  const plan = planSync(survey.blocks, survey.bases, survey.rows, mayAdopt(input.adopt, known, scan));
  const blocks = Math.max(survey.known, full ? liveRows(scan, survey.rows.values()) : 0);
  const refused = massUpdate(plan.steps, blocks, input.allow_mass_update);
  const gone = planGone({
    ...scan,
    ...survey,
    known: blocks,
    partial: only !== undefined,
    errors: [...scan.findings, ...survey.findings].filter(({ level }) => level === 'error').length,
    allowMass: input.allow_mass_archive,
  });
  const left = new Set<SyncStep>(refused);
  const steps = [...plan.steps.filter((step) => !left.has(step)), ...gone.archive];
  return { scan, survey, plan, gone, refused, steps };
}

/**
 * By `adopt`, a text that differs is taken for another reading of the same words: where the graph still has what an older
 * grammar of ours made of a file that did not change since, or where another aclarai wrote this very version.
 */
function mayAdopt(adopt: boolean, { files, mark }: Known, scan: VaultScan): MayAdopt {
  if (!adopt) return () => false;
  const stamps = new Map(scan.read.map(({ note, stamp }) => [note.file, stamp]));
  return ({ file, version }, base, row) => {
    if (base === null) return version === (row.version ?? 0);
    if (mark.grammar === GRAMMAR_VERSION || base.hash !== row.hash) return false;
    return files.get(file)?.stamp === stamps.get(file) && version <= (row.version ?? 0);
  };
}

/** Rows of this vault that are not archived. */
function liveRows({ tierOf }: VaultScan, rows: Iterable<GraphRow>): number {
  let count = 0;
  for (const { archived, sourceFile } of rows)
    if (!archived && sourceFile !== null && tierOf(sourceFile) !== null) count++;
  return count;
}
