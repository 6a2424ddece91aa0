// npm run chaos -- --rounds N [--seed S] [--keep]: kills the real service again and again, then audits what it left.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from './audit/audit.ts';
import type { Finding } from './audit/case.ts';
import { emptyDiary } from './diary.ts';
import { readEvidence } from './ledger.ts';
import { POINTS } from './points.ts';
import { randomFrom } from './random.ts';
import { Rounds } from './rounds.ts';

/** A ledger that is wrong is found after so many rounds, not after all of them. */
const AUDIT_EVERY = 25;
const SHOWN = 10;
/** How many times the rounds that were asked for. */
const LIMIT = 2;

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, seed: { type: 'string' }, keep: { type: 'boolean' } },
});
const wanted = Number(values.rounds ?? 25);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const dir = mkdtempSync(path.join(tmpdir(), 'chaos-'));
const diary = emptyDiary();
const rounds = new Rounds(dir, randomFrom(seed), diary);
console.log(`seed ${seed}, ${dir}`);

let findings: Finding[] = [];
let done = 0;
const began = performance.now();
/** On a busy machine a trap is not always sprung in time: the rounds go on, within limits, until each point was met. */
const isMissing = () => [...rounds.kills.values()].includes(0) && done < LIMIT * wanted;
while ((done < wanted || isMissing()) && findings.length === 0) {
  await rounds.round();
  const hasFallen = diary.lives.some(({ end }) => end === 'fell');
  if (++done % AUDIT_EVERY === 0 || hasFallen)
    findings = audit(readEvidence(dir), diary, { isDrained: false });
}
if (findings.length === 0) {
  await rounds.finish();
  findings = audit(readEvidence(dir), diary, { isDrained: true });
}

const { rows, effects } = readEvidence(dir);
const slots = rows.reduce((sum, row) => sum + (row.slot === null ? 0 : (row.covers_count ?? 1)), 0);
const attempts = rows.reduce((sum, row) => sum + row.attempts.length, 0);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${diary.lives.length} lives in ${seconds} s: ${slots} slots, ${rows.length} rows, ${attempts} attempts, ${effects.length} effects`,
);

for (const { kind, job, what, evidence } of findings.slice(0, SHOWN))
  console.log(`${kind}: ${job}: ${what}\n  ${evidence.map((each) => JSON.stringify(each)).join('\n  ')}`);
const count = (kind: Finding['kind']) => findings.filter((each) => each.kind === kind).length;
console.log(
  `rounds ${done}, lost ${count('lost')}, doubled ${count('doubled')}, unexplained ${count('unexplained')}`,
);
for (const [point, kills] of rounds.kills)
  console.log(`${String(kills).padStart(6)}  ${POINTS[point].padEnd(18)} ${point}`);
const missing = [...rounds.kills].filter(([, kills]) => kills === 0).map(([point]) => point);
if (missing.length > 0) console.log(`no kill at: ${missing.join(', ')}`);

const isGood = findings.length === 0 && missing.length === 0;
if (isGood && !values.keep) rmSync(dir, { recursive: true });
else {
  const plain = { ...diary, cancels: [...diary.cancels] };
  writeFileSync(path.join(dir, 'diary.json'), JSON.stringify(plain, null, 1));
  console.log(`kept: ${dir}, again: npm run chaos -- --rounds ${wanted} --seed ${seed}`);
}
process.exit(isGood ? 0 : 1);
