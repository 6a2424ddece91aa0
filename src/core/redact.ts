// Secrets out of what is shown or kept: known values wherever they occur, and whatever stands under a telling key.

export const MASK = '[redacted]';
/** Keys whose values are masked whatever they hold. */
export const SECRET_KEYS: readonly string[] = [
  'password',
  'token',
  'secret',
  'authorization',
  'apiKey',
  'api_key',
];
/** A shorter value would blot out ordinary words. */
const SHORTEST_SECRET = 4;

/** Known values, as they are and as they look inside JSON. */
export class Secrets {
  #values: readonly string[] = [];

  /** These and no others from now on. */
  set(values: Iterable<string>): void {
    const long = [...values].filter((value) => value.length >= SHORTEST_SECRET);
    const all = long.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
    // The longest first: of two that overlap the shorter one would leave the rest of the longer one readable.
    this.#values = [...new Set(all)].sort((a, b) => b.length - a.length);
  }

  masked(text: string): string {
    let shown = text;
    for (const value of this.#values) if (shown.includes(value)) shown = shown.replaceAll(value, MASK);
    return shown;
  }
}

/** For `JSON.stringify`. */
export function withoutSecretKeys(key: string, value: unknown): unknown {
  return SECRET_KEYS.includes(key) && value !== null && value !== undefined ? MASK : value;
}
