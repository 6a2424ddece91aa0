// All notes read, their blocks found and hashed, beside reading and hashing the same bytes; and the engine meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { scanVault } from '../jobs/vault-sync/scan.ts';
import { type Figure, figure, median } from './figure.ts';
import { LIGHT, latenessP99, secondAfter } from './support/light.ts';
import { Service } from './support/process.ts';
import { BLOCKS, bareReadAndHash, FILES, inTurn, withVault } from './support/vault.ts';

const ROUNDS = 5;
const LIMIT_MS = 50;
const RECORDED_MS = 500;

export async function figures(): Promise<Figure[]> {
  return await withVault(async ({ root, tier }) => {
    const signal = new AbortController().signal;
    const scan = async () => {
      const { blocks } = await scanVault({
        vault: root,
        tiers: [tier, tier, tier],
        exclude: [],
        maxFileMb: 64,
        signal,
      });
      if (blocks.length !== FILES * BLOCKS) throw new Error(`${blocks.length} blocks were found`);
    };
    const times = await inTurn(ROUNDS, () => bareReadAndHash(tier), scan);
    const full = figure({
      figure: 'vault-full',
      value: median(times.own),
      unit: 'ms',
      yardstick: 'bare read + hash, 64 in flight',
      yardstick_value: median(times.bare),
      better: 'lower',
      goal: 1 / 1.3,
    });
    return [full, await latenessMeanwhile(root, tier)];
  });
}

/** Light jobs of a service whose vault_sync fills a graph from this vault in its thread. */
async function latenessMeanwhile(vault: string, tier: string): Promise<Figure> {
  const at = secondAfter(6_000);
  const service = await Service.start({ ...LIGHT, vault: { root: vault, tier, at } });
  try {
    const until = Date.now() + 120_000;
    const run = () => service.runsIn(at - 1, at).find(({ job }) => job === 'vault_sync');
    while (run()?.state !== 'succeeded') {
      if (Date.now() > until) throw new Error(`the sync did not end: ${JSON.stringify(run())}`);
      await sleep(200);
    }
    const end = Math.max(at + 1_000, Math.floor(run()!.endedAt! / 1000) * 1000);
    await sleep(Math.max(0, end + RECORDED_MS - Date.now()));
    return figure({
      figure: 'beside a full sync, p99',
      value: latenessP99(service, at, end),
      unit: 'ms',
      yardstick: 'limit',
      yardstick_value: LIMIT_MS,
      better: 'lower',
      goal: 1,
    });
  } finally {
    await service.discard();
  }
}
