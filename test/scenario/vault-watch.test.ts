// The watch of the vault: what is saved becomes a run of kind `watch`, batched, and like every other run.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { WatchTree } from '#service/vault-watch';
import { createScenario, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const SECTIONS = 'vault: { watch: { enabled: true } }';
const JOB = 'jobs:\n  vault_sync: { enabled: true, handler: fake_sync, cron: "0 0 1 1 *" }\n';

interface Watched {
  s: Scenario;
  save(...files: string[]): void;
  readonly folders: readonly string[];
}

async function watched(
  sync: HandlerFunction = () => ({}),
  { sections = SECTIONS, scheduler = JOB } = {},
): Promise<Watched> {
  let tell: ((file: string) => void) | null = null;
  let folders: readonly string[] = [];
  const watchTree: WatchTree = (found, on) => {
    tell = on.change;
    folders = found;
    return async () => {
      tell = null;
      folders = [];
    };
  };
  const at = '2026-11-21T10:00:00Z';
  const s = await createScenario({ at, scheduler, sections, watchTree, handlers: { fake_sync: sync } });
  await s.start();
  const save = (...files: string[]) => {
    for (const file of files) tell?.(path.join(s.dir, 'vault', file));
  };
  return {
    s,
    save,
    get folders() {
      return folders;
    },
  };
}

const inputs = (s: Scenario) => s.calls.map(({ ctx }) => ctx.input);

it('what is saved within two seconds is one run of just those files', async () => {
  const { s, save, folders } = await watched();
  expect(folders.map((folder) => path.basename(folder))).toEqual(['conversations', 'summaries', 'concepts']);
  save('conversations/b.md', 'conversations/a.md');
  await s.clock.advance(1_900);
  save('conversations/b.md');
  expect(s.calls).toHaveLength(0);
  await s.clock.advance(200);
  expect(inputs(s)).toEqual([{ files: ['conversations/a.md', 'conversations/b.md'] }]);
  expect(await s.ledger('vault_sync')).toEqual(['watch succeeded']);
  await s.clock.advance(60_000);
  expect(s.calls).toHaveLength(1);
});

it('fifty files are not waited with, and five hundred are not named', async () => {
  const { s, save } = await watched();
  save(...Array.from({ length: 50 }, (_, n) => `conversations/${n}.md`));
  await s.clock.advance(1);
  expect(inputs(s)).toMatchObject([{ files: { length: 50 } }]);
  save(...Array.from({ length: 600 }, (_, n) => `conversations/${n}.md`));
  await s.clock.advance(1);
  expect(inputs(s)[1]).toEqual({});
});

it('changes during a run are one run after it, however many', async () => {
  const gates: (() => void)[] = [];
  const { s, save } = await watched(async () => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return {};
  });
  for (const file of ['a', 'b', 'c', 'd']) {
    save(`conversations/${file}.md`);
    await s.clock.advance(2_000);
  }
  expect(await s.ledger('vault_sync')).toEqual(['watch running', 'watch queued']);
  gates[0]!();
  await s.clock.advance(2_000);
  gates[1]!();
  await s.clock.advance(2_000);
  gates[2]!();
  await s.clock.advance(2_000);
  expect(inputs(s)).toEqual([
    { files: ['conversations/a.md'] },
    { files: ['conversations/b.md'] },
    { files: ['conversations/c.md', 'conversations/d.md'] },
  ]);
  expect(await s.ledger('vault_sync')).toEqual(['watch succeeded', 'watch succeeded', 'watch succeeded']);
});

it('a run waits out a pause', async () => {
  const { s, save } = await watched();
  await s.service.pause({ by: 'test', reason: null, until: null });
  save('conversations/a.md');
  await s.clock.advance(600_000);
  expect(await s.ledger('vault_sync')).toEqual(['watch queued']);
  await s.service.resume({ by: 'test' });
  await s.clock.advance(1_000);
  expect(await s.ledger('vault_sync')).toEqual(['watch succeeded']);
});

it('is off by default, switched by the settings while the service is up, and ends with it', async () => {
  const w = await watched(undefined, { sections: '' });
  expect(w.folders).toEqual([]);
  w.save('conversations/a.md');
  await w.s.clock.advance(10_000);
  expect(w.s.calls).toHaveLength(0);
  const file = path.join(w.s.dir, 'settings/aclarai.config.yaml');
  await writeFile(file, `${SECTIONS}\n${await readFile(file, 'utf8')}`);
  await w.s.clock.advance(60_000);
  expect(w.folders).toHaveLength(3);
  w.save('conversations/a.md');
  await w.s.clock.advance(2_000);
  expect(w.s.calls).toHaveLength(1);
  w.save('conversations/a.md');
  await w.s.stop();
  expect(w.folders).toEqual([]);
});

it('says nothing while the job is off', async () => {
  const scheduler = JOB.replace('enabled: true', 'enabled: false');
  const { s, save } = await watched(undefined, { scheduler });
  save('conversations/a.md');
  await s.clock.advance(10_000);
  expect(await s.ledger('vault_sync')).toEqual([]);
  const said = s.lines.filter((line) => line['filename.function_name'] === 'vault.watch');
  expect(said).toEqual([]);
});
