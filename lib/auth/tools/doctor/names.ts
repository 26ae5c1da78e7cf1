/** Variables that a later release of the kit reads: no misspelt ones. */
const LATER = ["COGNITO_RESOURCE", "AUTH_SESSION_IDLE", "AUTH_MAX_COOKIE_BYTES"];

/**
 * Pairs of a variable that is set and the variable of the kit that it seems to mean, which is not set. Two edits at
 * most: APP_NAME or AUTH_URL of another library are nobody's misspelling.
 */
export function findMisspelt(
  env: Readonly<Record<string, string | undefined>>,
  kitNames: readonly string[],
): readonly (readonly [name: string, meant: string])[] {
  const known = [...kitNames, ...LATER];
  const isSet = (name: string) => Boolean(env[name]?.trim());
  const strangers = Object.keys(env).filter((name) => isSet(name) && !known.includes(name));
  return strangers.flatMap((name) => {
    const meant = known.find((it) => !isSet(it) && isWithinEdits(name.toUpperCase(), it, 2));
    return meant ? [[name, meant] as const] : [];
  });
}

/** Whether so many edits make `a` out of `b`: a character more, less or another one, or two neighbours swapped. */
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
