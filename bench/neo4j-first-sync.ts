// 200,000 blocks of a vault into an empty part of a Neo4j, beside bare batches of the same rows; and how many queries it takes.

import { openNeo4jGraph } from '../jobs/vault-sync/graph-neo4j.ts';
import { type Figure, figure } from './figure.ts';
import { BATCH, BareGraph, benchServer, countQueries } from './support/neo4j.ts';
import { BLOCKS, FILES, timed, withVault } from './support/vault.ts';

/** Identity, count, constraints and indexes, the look for narrow ones, and the pages of the list. */
const FEW = 25;

export async function figures(): Promise<Figure[]> {
  const neo4j = benchServer('neo4j-first-sync');
  if (!neo4j) return [];
  const bare = new BareGraph(neo4j);
  try {
    const rows = Array.from({ length: FILES * BLOCKS }, (_, n) => ({
      id: `${bare.prefix}${n}`,
      text: `Ann: This is utterance ${bare.prefix}${n} about the tide mill and its gate, which leaks.`,
      hash: n.toString(16).padStart(64, '0'),
      version: 1,
    }));
    return await withVault(
      async ({ sync }) => {
        // So that constraints and indexes are there for both.
        const graph = openNeo4jGraph(neo4j);
        await graph.prepare();
        await graph.close();
        const floor = await timed(() => bare.create(rows));
        await bare.clear();
        let own = 0;
        const queries = await countQueries(async () => {
          own = await timed(() => sync());
        });
        return [
          figure({
            figure: 'neo4j-first-sync, 200,000',
            value: own,
            unit: 'ms',
            yardstick: `bare UNWIND … CREATE, ${BATCH} a batch`,
            yardstick_value: floor,
            better: 'lower',
            goal: 1 / 1.5,
          }),
          figure({
            figure: 'neo4j-first-sync, queries',
            value: queries,
            unit: 'queries',
            yardstick: 'one a batch, and a few',
            yardstick_value: (FILES * BLOCKS) / BATCH + FEW,
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
