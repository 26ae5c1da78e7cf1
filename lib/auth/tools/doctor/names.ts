// Finds variables whose names look like misspelled names of the kit's variables.
import type { Environment } from "./environment";

/**
 * Returns pairs: a variable that is set, and the variable of the kit that it resembles, which is not set. At most two
 * edits lie between the names. With more edits, APP_NAME or AUTH_URL of another library would resemble one.
 */
export function findMisspelled(
  env: Environment,
  kitNames: readonly string[],
): readonly (readonly [name: string, meant: string])[] {
  const isSet = (name: string) => Boolean(env[name]?.trim());
  const others = Object.keys(env).filter((name) => isSet(name) && !kitNames.includes(name));
  return others.flatMap((name) => {
    const meant = kitNames.find((it) => !isSet(it) && isWithinEdits(name.toUpperCase(), it, 2));
    return meant ? [[name, meant] as const] : [];
  });
}

/** Whether `edits` edits turn `b` into `a`. An edit adds, removes or replaces a character, or swaps two neighbours. */
function isWithinEdits(a: string, b: string, edits: number): boolean {
  if (a === b) return true;
  if (edits === 0 || Math.abs(a.length - b.length) > edits) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const [x, y] = [a.slice(same), b.slice(same)];
  const isSwapped = x.length > 1 && x[0] === y[1] && x[1] === y[0];
  return (
    isWithinEdits(x.slice(1), y, edits - 1) ||
    isWithinEdits(x, y.slice(1), edits - 1) ||
    isWithinEdits(x.slice(1), y.slice(1), edits - 1) ||
    (isSwapped && isWithinEdits(x.slice(2), y.slice(2), edits - 1))
  );
}
