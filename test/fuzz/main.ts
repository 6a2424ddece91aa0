// Runs a fuzz: `npm run fuzz -- dst [--cases N] [--seed S]`. Exit code 1 when it found a bug, 2 for wrong arguments.

const [name, ...args] = process.argv.slice(2);
const FUZZES: Record<string, () => Promise<{ run(args: string[]): number | Promise<number> }>> = {
  dst: () => import('./dst.ts'),
};
const load = name === undefined ? undefined : FUZZES[name];

if (!load) {
  console.error(`usage: npm run fuzz -- <name> [options]\nnames: ${Object.keys(FUZZES).join(' ')}`);
  process.exitCode = 2;
} else {
  const fuzz = await load();
  process.exitCode = await fuzz.run(args);
}
