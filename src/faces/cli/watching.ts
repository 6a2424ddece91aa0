// A command's work again whenever the code of jobs or the settings have changed, until Ctrl-C: the inner loop of an author.

import path from 'node:path';
import { type CodeWatch, watchCode } from '#service/code-watch';
import { failureOf, failureText } from './exit.ts';
import type { Answer, Session } from './session.ts';

/**
 * Prints each answer itself; a failure, broken settings included, is shown and waited out. Rejects when the settings do
 * not hold at the start: there is nothing to watch then.
 */
export async function again(session: Session, work: (session: Session) => Promise<Answer>): Promise<null> {
  const { io } = session;
  const watch = watchCode((await session.open()).settings, io.clock, io.signal);
  let first: Session | null = session;
  for (;;) {
    await once(first ?? session.another(), work);
    first = null;
    await watch.settle();
    const changed = await untilChanged(watch, session);
    if (io.signal.aborted) break;
    io.stderr.write(`\n${changed.map((file) => path.relative('', file) || file).join(', ')} changed\n`);
  }
  await watch.closed;
  return null;
}

async function once(session: Session, work: (session: Session) => Promise<Answer>): Promise<void> {
  try {
    session.finish(await work(session));
  } catch (thrown) {
    session.io.stderr.write(failureText(failureOf(thrown)));
  } finally {
    await session.close();
  }
}

async function untilChanged(watch: CodeWatch, { io }: Session): Promise<readonly string[]> {
  if (!io.signal.aborted) io.stderr.write('waiting for a change of its code or the settings; Ctrl-C ends\n');
  return await watch.next();
}
