// The admin token of a service that listens beyond loopback without tokens of its own: made once, kept beside the ledger.

import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SchedulerError } from '#core/errors';
import type { Token } from './access.ts';

const LEAST_LENGTH = 32;

/** Only its owner can read it. Throws PRECONDITION_FAILED for a file that holds no token. */
export async function keptToken(stateDir: string): Promise<Token & { file: string }> {
  const file = fileOf(stateDir);
  try {
    await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await chmod(file, 0o600);
  }
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret.length < LEAST_LENGTH)
    throw new SchedulerError('PRECONDITION_FAILED', `${file} holds no token`, 'remove it: another is made');
  return { name: 'token', scope: 'admin', secret, file };
}

/** As it was made, for a command beside the ledger; null = none was, or it is not ours to read. */
export async function readToken(stateDir: string): Promise<string | null> {
  const secret = await readFile(fileOf(stateDir), 'utf8').catch(() => '');
  return secret.trim() || null;
}

function fileOf(stateDir: string): string {
  return path.join(stateDir, 'token');
}
