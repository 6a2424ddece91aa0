// The lines of one run within 1 MB: the first half stays, of the rest the newest half; what lies between is counted. Pure.

/** Of the head, and of the tail. */
export const HALF_BYTES = 512 * 1024;
/** A piece is closed when it has this much: lines are written, read and dropped by the piece. */
const PIECE_BYTES = 16 * 1024;

/** Lines in a row. `text` holds one JSON object a line; null = it is written and closed, and only in the file. */
export interface Piece {
  readonly first: number;
  last: number;
  bytes: number;
  readonly isHead: boolean;
  text: string | null;
}

/** What the file has of a run. */
export interface Kept {
  /** Lines so far, also those that are cut. */
  lines: number;
  headBytes: number;
  tail: readonly { first: number; last: number; bytes: number }[];
  cutLines: number;
  cutBytes: number;
}

export const NOTHING_KEPT: Kept = { lines: 0, headBytes: 0, tail: [], cutLines: 0, cutBytes: 0 };

/** What has to be written and what deleted. */
export interface Changes {
  written: readonly Piece[];
  /** First lines of pieces. */
  removed: readonly number[];
}

export class HeadAndTail {
  #lines: number;
  #headBytes: number;
  #tailBytes: number;
  #cutLines: number;
  #cutBytes: number;
  #isHeadFull: boolean;
  readonly #tail: Piece[];
  /** Takes more lines. */
  #open: Piece | null = null;
  #changed = new Set<Piece>();
  #removed: number[] = [];
  /** Of those in memory the pieces that the file has in some form. */
  readonly #inFile = new Set<number>();

  constructor(kept: Kept = NOTHING_KEPT) {
    this.#lines = kept.lines;
    this.#headBytes = kept.headBytes;
    this.#cutLines = kept.cutLines;
    this.#cutBytes = kept.cutBytes;
    this.#tail = kept.tail.map((piece) => ({ ...piece, isHead: false, text: null }));
    this.#tailBytes = sumOf(this.#tail);
    this.#isHeadFull = this.#tail.length > 0 || kept.cutLines > 0;
    for (const { first } of this.#tail) this.#inFile.add(first);
  }

  get lines(): number {
    return this.#lines;
  }

  get headBytes(): number {
    return this.#headBytes;
  }

  get cut(): { lines: number; bytes: number } {
    return { lines: this.#cutLines, bytes: this.#cutBytes };
  }

  get isChanged(): boolean {
    return this.#changed.size > 0 || this.#removed.length > 0;
  }

  /** `jsonOf` makes the line with its number: one JSON object, without line end. */
  add(jsonOf: (n: number) => string): void {
    const n = ++this.#lines;
    const line = `${jsonOf(n)}\n`;
    const bytes = Buffer.byteLength(line);
    if (!this.#isHeadFull && this.#headBytes + bytes > HALF_BYTES) {
      this.#isHeadFull = true;
      this.#open = null;
    }
    const piece = this.#pieceFor(n);
    piece.text += line;
    piece.last = n;
    piece.bytes += bytes;
    if (piece.isHead) this.#headBytes += bytes;
    else this.#tailBytes += bytes;
    this.#changed.add(piece);
    if (piece.bytes >= PIECE_BYTES) this.#open = null;
    while (this.#tailBytes > HALF_BYTES) this.#dropOldest();
  }

  /** As long as `settled` is not called they are answered again, together with what came since. */
  changes(): Changes {
    return { written: [...this.#changed], removed: this.#removed };
  }

  /** The changes are in the file. */
  settled(): void {
    for (const piece of this.#changed) {
      this.#inFile.add(piece.first);
      if (piece !== this.#open) piece.text = null;
    }
    this.#changed = new Set();
    this.#removed = [];
  }

  #pieceFor(n: number): Piece {
    if (this.#open) return this.#open;
    const piece: Piece = { first: n, last: n, bytes: 0, isHead: !this.#isHeadFull, text: '' };
    if (!piece.isHead) this.#tail.push(piece);
    this.#open = piece;
    return piece;
  }

  #dropOldest(): void {
    const oldest = this.#tail.shift()!;
    if (oldest === this.#open) this.#open = null;
    this.#tailBytes -= oldest.bytes;
    this.#cutLines += oldest.last - oldest.first + 1;
    this.#cutBytes += oldest.bytes;
    this.#changed.delete(oldest);
    if (this.#inFile.delete(oldest.first)) this.#removed.push(oldest.first);
  }
}

function sumOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}
