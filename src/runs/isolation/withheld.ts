// The variables of a job in its worker: those it is not granted are not there, and told at the first look; changes are counted.

/** Looked for by programs and libraries of their own accord. */
const OF_PROGRAMS = /^(NODE_|npm_|DEBUG$|CI$|TERM$|COLORTERM$|NO_COLOR$|FORCE_COLOR$)/;

let changes = 0;

/** How often a variable was set or deleted; comparing all of them would cost more than the call of a handler. */
export function variableChanges(): number {
  return changes;
}

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
      changes++;
      target[name as string] = value;
      return true;
    },
    deleteProperty(target, name) {
      changes++;
      return delete target[name as string];
    },
  });
}
