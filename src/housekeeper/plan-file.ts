// A dry run's files on disk, so that a later run can remove just these: a folder a plan, a file of lines a rule.

import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { ListedFile } from './listed.ts';

/** So long a plan may be applied; what it names is looked at again all the same. */
export const PLAN_TTL_MS = 24 * 3_600_000;
const HEAD = 'plan.json';
const LINES_AT_ONCE = 1_000;

/** What was asked for when the plan was made. */
export interface PlanHead {
  planId: string;
  madeAt: EpochMs;
  /** Null = all rules. */
  ruleId: string | null;
  /** The rules that ran, each with the number of its file. */
  rules: { id: string; directory: string; pattern: string }[];
}

/** `<state>/cleanup_plans/<plan id>/`: `plan.json` last, so that a plan is there whole or not at all. */
export class PlanFolder {
  readonly #root: string;

  constructor(stateDir: string) {
    this.#root = join(stateDir, 'cleanup_plans');
  }

  /** Where the rule of this number has its files. */
  fileOf(planId: string, rule: number): string {
    return join(this.#root, planId, `${rule}.jsonl`);
  }

  /** A new id with its folder; plans that have expired go. */
  async begin(now: EpochMs): Promise<string> {
    await this.#removeExpired(now);
    const planId = randomUUID();
    await mkdir(join(this.#root, planId), { recursive: true, mode: 0o700 });
    return planId;
  }

  async complete(head: PlanHead): Promise<void> {
    await writeNew(join(this.#root, head.planId, HEAD), JSON.stringify(head));
  }

  /** Throws PRECONDITION_FAILED for a plan that has expired, was applied, or never was, with the nearest id. */
  async find(planId: string, now: EpochMs): Promise<PlanHead> {
    const ids = await this.#ids();
    const head = ids.includes(planId) ? await this.#read(planId) : null;
    if (head && now < head.madeAt + PLAN_TTL_MS) return head;
    const near = closest(
      planId,
      ids.filter((id) => id !== planId),
    );
    const why = head
      ? `plan ${planId} has expired: it was made more than 24 h ago`
      : `there is no plan ${planId}: it was applied, has expired, or never was`;
    throw new SchedulerError(
      'PRECONDITION_FAILED',
      why,
      near ? `did you mean ${near}?` : 'make a new one with a dry run',
    );
  }

  /** A plan is applied once. */
  async remove(planId: string): Promise<void> {
    await rm(join(this.#root, planId), { recursive: true, force: true });
  }

  async #removeExpired(now: EpochMs): Promise<void> {
    for (const id of await this.#ids()) {
      const folder = join(this.#root, id);
      const head = await this.#read(id);
      // Without its head it is in the making, or was never finished.
      const madeAt = head?.madeAt ?? (await stat(folder).catch(() => null))?.mtimeMs ?? now;
      if (now >= madeAt + PLAN_TTL_MS) await rm(folder, { recursive: true, force: true });
    }
  }

  async #ids(): Promise<string[]> {
    return await readdir(this.#root).catch(() => []);
  }

  async #read(planId: string): Promise<PlanHead | null> {
    try {
      return JSON.parse(await readFile(join(this.#root, planId, HEAD), 'utf8')) as PlanHead;
    } catch {
      return null;
    }
  }
}

/** Path and proof of each file, a line a file. */
export async function writePlanned(path: string, files: Iterable<ListedFile>): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  let lines: string[] = [];
  for (const file of files) {
    lines.push(JSON.stringify([nameOf(file), proofOf(file)]));
    if (lines.length < LINES_AT_ONCE) continue;
    await handle.writeFile(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) await handle.writeFile(`${lines.join('\n')}\n`);
}

/** Path → proof, as `nameOf` and `proofOf` write them. A rule that failed in the plan has no files. */
export async function readPlanned(path: string): Promise<Map<string, string>> {
  const planned = new Map<string, string>();
  const handle = await open(path).catch(() => null);
  if (!handle) return planned;
  await using file = handle;
  for await (const line of file.readLines()) {
    const [name, proof] = JSON.parse(line) as [string, string];
    planned.set(name, proof);
  }
  return planned;
}

/** The bytes of its path, one character each: no name is lost, whatever its encoding. */
export function nameOf(file: ListedFile): string {
  return Buffer.from(file.path).toString('latin1');
}

/** What must be the same for the file to be as it was planned: folder, inode, time, size. */
export function proofOf(file: ListedFile): string {
  return `${file.folder.identity} ${file.identity} ${file.mtimeNs} ${file.size}`;
}

async function writeNew(path: string, text: string): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  await handle.writeFile(text);
}
