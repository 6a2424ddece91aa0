// The shape of a figure, shared by every bench: what was measured, against what, and whether it is enough.

/** One measured number beside its yardstick: a peer, or the floor under the work, timed in the same run. */
export interface Figure {
  figure: string;
  value: number;
  unit: string;
  yardstick: string;
  /** In the same unit. */
  yardstick_value: number;
  /** How many times better than the yardstick: above 1 is better, whether low or high values are wanted. */
  ratio: number;
  /** The least ratio wanted; null where the figure is only for comparison. */
  goal: number | null;
  met: boolean | null;
}

/** What a file in bench/ exports beside its opening sentence. */
export interface Bench {
  figures(): Promise<Figure[]> | AsyncIterable<Figure>;
}

/** Completes a figure. `ratio` is worked out of both values unless it is given (e.g. a mean of ratios). */
export function figure(
  measured: Omit<Figure, 'ratio' | 'goal' | 'met'> & {
    better: 'lower' | 'higher';
    ratio?: number;
    goal?: number;
  },
): Figure {
  const { better, goal = null, ...rest } = measured;
  const byValue = better === 'lower' ? rest.yardstick_value / rest.value : rest.value / rest.yardstick_value;
  const ratio = rest.ratio ?? byValue;
  return { ...rest, ratio, goal, met: goal === null ? null : ratio >= goal };
}

/** The middle of the samples: one slow round of a busy machine does not move it. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
