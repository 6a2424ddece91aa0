// How far a run is: one line of a terminal, written over and over; nothing where no person looks.

import type { Clock } from '#core/clock';
import type { RunHereOptions } from '#service/host';
import { type Screen, widthOf } from './io.ts';
import { oneLine } from './text.ts';

type Progress = Parameters<RunHereOptions['onProgress']>[0];

/** A handler may report thousands of steps a second; eyes take ten. */
const LEAST_MS = 100;
const ERASE = '\r\x1b[K';

export class ProgressLine {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #title: string;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen, clock: Clock, title: string) {
    this.#screen = screen;
    this.#clock = clock;
    this.#title = title;
    if (screen.isTTY) this.#write(title);
  }

  show(progress: Progress): void {
    const now = this.#clock.monotonic();
    const isLast = progress.done === progress.total;
    if (!this.#screen.isTTY || (now - this.#shownAt < LEAST_MS && !isLast)) return;
    this.#shownAt = now;
    this.#write(`${this.#title} ${progressText(progress)}`);
  }

  clear(): void {
    if (this.#screen.isTTY) this.#screen.write(ERASE);
  }

  #write(text: string): void {
    const room = widthOf(this.#screen) - 1;
    this.#screen.write(ERASE + oneLine(text).slice(0, room));
  }
}

function progressText({ done, total, note }: Progress): string {
  const share = total === null || total <= 0 ? '' : ` (${Math.floor((done / total) * 100)} %)`;
  const count = total === null ? `${done}` : `${done} of ${total}`;
  return `${count}${share}${note === null ? '' : `: ${note}`}`;
}
