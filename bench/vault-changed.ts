// A run after one note in a hundred was edited, on an embedded graph, beside listing the files with sizes and times.

import { type Figure, figure, median } from './figure.ts';
import { BLOCKS, bareWalk, FILES, timed, withVault } from './support/vault.ts';

const ROUNDS = 7;

export async function figures(): Promise<Figure[]> {
  return await withVault(async ({ tier, sync, edit }) => {
    await sync();
    const [bare, own]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      await edit();
      bare.push(await timed(() => bareWalk(tier)));
      own.push(
        await timed(async () => {
          const { blocks_updated } = await sync();
          if (blocks_updated !== (FILES / 100) * BLOCKS) throw new Error(`${blocks_updated} were updated`);
        }),
      );
    }
    return [
      figure({
        figure: 'vault-changed, 1 %',
        value: median(own),
        unit: 'ms',
        yardstick: 'bare readdir + stat',
        yardstick_value: median(bare),
        better: 'lower',
        goal: 1 / 1.6,
      }),
    ];
  });
}
