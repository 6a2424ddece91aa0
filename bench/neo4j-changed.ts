// A run against a Neo4j after one note in a hundred was edited, beside a bare walk and bare batches of the changed rows.

import { type Figure, figure, median } from './figure.ts';
import { BareGraph, benchServer, countQueries } from './support/neo4j.ts';
import { BLOCKS, bareWalk, FILES, timed, withVault } from './support/vault.ts';

const ROUNDS = 5;

export async function figures(): Promise<Figure[]> {
  const neo4j = benchServer('neo4j-changed');
  if (!neo4j) return [];
  const bare = new BareGraph(neo4j);
  try {
    return await withVault(
      async ({ tier, sync, edit }) => {
        await sync();
        const [floor, own, queries]: [number[], number[], number[]] = [[], [], []];
        for (let round = 0; round < ROUNDS; round++) {
          const rows = (await edit()).map((id) => ({
            id,
            text: `Round ${round}`,
            hash: `${round}`,
            version: 1,
          }));
          queries.push(
            await countQueries(async () => {
              own.push(await timed(() => sync()));
            }),
          );
          // Afterwards, because it leaves other texts: the next edit meets a graph that went on.
          floor.push(
            await timed(async () => {
              await bareWalk(tier);
              await bare.update(rows.map(({ id }) => ({ id, text: 'again', hash: 'again', version: 1 })));
            }),
          );
          await sync({ full: true, allow_mass_update: true });
        }
        return [
          figure({
            figure: 'neo4j-changed, 1 %',
            value: median(own),
            unit: 'ms',
            yardstick: 'bare walk + UNWIND … SET',
            yardstick_value: median(floor),
            better: 'lower',
            goal: 1 / 2,
          }),
          figure({
            figure: 'neo4j-changed, queries',
            value: median(queries),
            unit: 'queries',
            yardstick: `two a batch, for ${(FILES / 100) * BLOCKS} blocks`,
            yardstick_value: 5,
            better: 'lower',
            goal: 1,
          }),
        ];
      },
      { neo4j, prefix: bare.prefix },
    );
  } finally {
    await bare.close();
  }
}
