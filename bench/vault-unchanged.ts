// A pass over a vault in which nothing changed, beside listing its files and asking for their sizes and times.

import path from 'node:path';
import { openEmbeddedGraph } from '../jobs/vault-sync/graph-embedded.ts';
import { scanVault } from '../jobs/vault-sync/scan.ts';
import { KnownState } from '../jobs/vault-sync/state.ts';
import { type Figure, figure, median } from './figure.ts';
import { bareWalk, FILES, inTurn, withVault } from './support/vault.ts';

const ROUNDS = 9;

export async function figures(): Promise<Figure[]> {
  return await withVault(async ({ root, tier, stateDir, sync }) => {
    await sync();
    const graph = openEmbeddedGraph(path.join(stateDir, 'graph.db'), { readOnly: true });
    const state = KnownState.open(stateDir, { readOnly: true });
    state.use(await graph.identity());
    const known = state.files();
    state.close();
    await graph.close();
    if (known.size !== FILES) throw new Error(`${known.size} files are known, not ${FILES}`);
    const tiers = [tier, tier, tier] as const;
    const signal = new AbortController().signal;
    const exclude = ['Templates/**', '*.excalidraw.md'];
    const scan = async () => {
      const { unchanged } = await scanVault({ vault: root, tiers, exclude, maxFileMb: 64, signal, known });
      if (unchanged.length !== FILES) throw new Error(`${unchanged.length} files were unchanged`);
    };
    const inMemory = await inTurn(ROUNDS, () => bareWalk(tier), scan);
    const whole = await inTurn(
      ROUNDS,
      () => bareWalk(tier),
      () => sync(),
    );
    const shared = { unit: 'ms', yardstick: 'bare readdir + stat', better: 'lower' } as const;
    return [
      figure({
        ...shared,
        figure: 'vault-unchanged, in memory',
        value: median(inMemory.own),
        yardstick_value: median(inMemory.bare),
        goal: 1 / 1.35,
      }),
      figure({
        ...shared,
        figure: 'vault-unchanged, whole run',
        value: median(whole.own),
        yardstick_value: median(whole.bare),
        goal: 1 / 2,
      }),
    ];
  });
}
