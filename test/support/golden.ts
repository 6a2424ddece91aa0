// Answers of `why` as golden files: run ids by their order, runs by what an answer is about.

import path from 'node:path';
import { expect } from 'vitest';
import type { RunShape } from '#service/shapes';
import type { WhyShape } from '#service/why';

const FOLDER = path.join(import.meta.dirname, '../golden/why');
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Compares the whole answer, text and shape, with `test/golden/why/<name>.json`. */
export async function expectGolden(name: string, answer: WhyShape): Promise<void> {
  const { run, before, after, ...said } = answer;
  const shown = { ...said, run: brief(run), before: brief(before), after: brief(after) };
  const ids = new Map<string, string>();
  const text = `${JSON.stringify(shown, null, 2)}\n`.replace(ID, (id) => {
    if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`);
    return ids.get(id)!;
  });
  await expect(text).toMatchFileSnapshot(path.join(FOLDER, `${name}.json`));
}

function brief(run: RunShape | null): object | null {
  if (run === null) return null;
  const { run_id, kind, state, reason, slot, covers } = run;
  return { run_id, kind, state, reason, slot, covers };
}
