// The thread of a hand: one piece of work after another, as hands.ts asks.

import { parentPort } from 'node:worker_threads';
import { removeAll, statAll } from './file-work.ts';
import { type HandAnswer, type HandRequest, joinNames, splitNames } from './hands.ts';
import { stepBack } from './step-back.ts';

stepBack();

parentPort?.on('message', (request: HandRequest) => {
  const names = splitNames(request.names);
  if (request.kind === 'remove') {
    answer({ kind: 'remove', kept: removeAll(request.base, { ...request.proofs, names }) }, []);
    return;
  }
  const { names: found, ...columns } = statAll(request.base, names);
  const { devices, inodes, mtimesNs, mtimesMs, sizes, links } = columns;
  const moved = [devices, inodes, mtimesNs, mtimesMs, sizes, links].map(
    (column) => column.buffer as ArrayBuffer,
  );
  answer({ kind: 'stat', names: joinNames(found), columns }, moved);
});

function answer(message: HandAnswer, moved: ArrayBuffer[]): void {
  parentPort?.postMessage(message, moved);
}
