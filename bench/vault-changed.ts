// A run after one note in a hundred was edited, on an embedded graph, beside listing the files with sizes and times.

import { type Figure, figure, median } from './figure.ts';
import { type BenchVault, BLOCKS, bareWalk, FILES, timed, withVault } from './support/vault.ts';

const ROUNDS = 7;

export async function figures(): Promise<Figure[]> {
  return await withVault(async (vault) => {
    await vault.sync();
    return [
      await changed(vault, 'vault-changed, 1 block a note', 1),
      await changed(vault, 'vault-changed, all 20 a note', BLOCKS),
    ];
  });
}

async function changed({ tier, sync, edit }: BenchVault, name: string, blocks: number): Promise<Figure> {
  const [bare, own]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    await edit(blocks);
    const floor = await timed(() => bareWalk(tier));
    const took = await timed(async () => {
      const { blocks_updated } = await sync();
      if (blocks_updated !== (FILES / 100) * blocks) throw new Error(`${blocks_updated} were updated`);
    });
    if (round === 0) continue;
    bare.push(floor);
    own.push(took);
  }
  return figure({
    figure: name,
    value: median(own),
    unit: 'ms',
    yardstick: 'bare readdir + stat',
    yardstick_value: median(bare),
    better: 'lower',
    goal: 1 / 1.6,
  });
}
