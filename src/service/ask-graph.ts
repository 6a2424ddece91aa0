// Asks the graph's server whether it is there and lets us in.

import type { Settings } from '#config/settings';
import { type ErrorRecord, toErrorRecord } from '#core/errors';

const WAIT_MS = 3_000;

/** Null = it answers. Nothing is read or written. */
export async function askGraph(settings: Settings): Promise<ErrorRecord | null> {
  const { neo4j } = settings.app.databases;
  if (!neo4j) return null;
  // Late: the driver takes a while to be loaded, and most commands do without.
  const { auth, default: neo4jDriver } = await import('neo4j-driver');
  const driver = neo4jDriver.driver(neo4j.uri, auth.basic(neo4j.user, neo4j.password ?? ''), {
    connectionTimeout: WAIT_MS,
    connectionAcquisitionTimeout: WAIT_MS,
    maxTransactionRetryTime: 0,
  });
  try {
    await driver.verifyConnectivity(neo4j.database === null ? {} : { database: neo4j.database });
    return null;
  } catch (error) {
    return { ...toErrorRecord(error, 'EXECUTION_ERROR'), fix: null };
  } finally {
    await driver.close();
  }
}
