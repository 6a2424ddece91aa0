// The life of a service between its start and its stop: loops up, files watched, until somebody asks for the end (rule 23).

import type { Settings } from '#config/settings';
import type { Log } from '#core/log';
import type { ServeOptions } from './host.ts';
import type { Loops } from './loops.ts';
import type { Reloader } from './reload.ts';
import type { VaultWatch } from './vault-watch.ts';

export interface ServingParts {
  log: Log;
  /** As they are at the start. */
  settings: Settings;
  reloader: Reloader;
  vaultWatch: Pick<VaultWatch, 'follow' | 'stop'>;
}

/** Resolves when the loops have stopped. */
export async function serveUntilAborted(
  loops: Loops,
  parts: ServingParts,
  options: Pick<ServeOptions, 'signal' | 'onHangup' | 'onUp'>,
): Promise<void> {
  const reload = () => void parts.reloader.reload();
  const log = parts.log.at('app.serve');
  // Asked to end before it began: it has nothing to drain.
  if (options.signal.aborted) return;
  await loops.serve();
  const { stateDir, scheduler, jobs } = parts.settings;
  const enabled = jobs.filter((job) => job.enabled).map((job) => job.id);
  log.info('the scheduler is up', { jobs: enabled, timezone: scheduler.timezone, state: stateDir });
  const watching = new AbortController();
  options.onHangup(reload);
  // A changed `.env` may hold or lift the pause, whatever the settings are worth.
  const watch = parts.reloader.follow(watching.signal, () => loops.wake());
  await watch.ready;
  await parts.vaultWatch.follow();
  // A change between loading and watching would wait for the next one.
  reload();
  options.onUp?.();
  if (!options.signal.aborted) await once(options.signal);
  watching.abort();
  log.info('stopping');
  await Promise.all([loops.stop(), watch.closed, parts.vaultWatch.stop()]);
  log.info('stopped');
}

async function once(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
