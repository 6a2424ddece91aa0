// Variables that a job is not granted: it finds none of them, and the first look for each is told, with the grant it needs.

/** Looked for by programs and libraries of their own accord. */
const OF_PROGRAMS = /^(NODE_|npm_|DEBUG$|CI$|TERM$|COLORTERM$|NO_COLOR$|FORCE_COLOR$)/;

/** `names` = variables of the service that are kept back. */
export function tellWithheld(names: readonly string[], tell: (line: string) => void): void {
  const untold = new Set(names.filter((name) => !OF_PROGRAMS.test(name)));
  process.env = new Proxy(process.env, {
    get(target, name) {
      const found = target[name as string];
      if (found === undefined && untold.delete(name as string))
        tell(`process.env.${String(name)} is not granted: add it to permissions.env, or use ctx.config`);
      return found;
    },
    // Without it a value would be defined, which this object refuses.
    set(target, name, value) {
      target[name as string] = value;
      return true;
    },
  });
}
