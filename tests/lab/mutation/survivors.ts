import type { Mutant } from "./mutants";

/** Changes that nobody can tell from the kit as it is, and the reason: the score leaves them out. */
const EQUIVALENT: readonly (readonly [file: string, change: string, reason: string])[] = [
  [
    "core/http/cookies.ts",
    "= /(\\d{1,2})",
    "A label from further on does not start its own chunk, so the chunks are not whole.",
  ],
  ["core/http/cookie-jar.ts", "return at <= 0 ?", "A pair without a name is none of ours, whatever is made of it."],
  ["core/http/cookie-jar.ts", "return at < 1 ?", "A pair without a name is none of ours, whatever is made of it."],
  ["core/base/hash.ts", "i <= a.length", "Where one is longer, the lengths have told already."],
  ["core/base/fetch-text.ts", "const TIMEOUT_MS = 5001;", "A millisecond; no test measures time."],
  ["core/tokens/keys.ts", "etchedAt: 1", "As if somebody had asked for the keys in the first second of 1970."],
  ["core/tokens/keys.ts", "attemptedAt: 1", "As if somebody had asked for the keys in the first second of 1970."],
  [
    "core/base/secret-cache.ts",
    "const TAIL = 49;",
    "Any length will do that is short, and longer than what two tokens share by chance.",
  ],
  ["core/http/request.ts", "(.*)/i", "A header has no line break, so .* reaches its end anyway."],
  ["core/session/ended.ts", '"refresh_tokenx"', "Any label will do that is the same for who writes and who reads."],
  ["core/tokens/verify.ts", "nbf = 1", "A token without nbf is good from the second second of 1970."],
];

export function isEquivalent({ file, before, after }: Mutant): boolean {
  return EQUIVALENT.some(([ofFile, it]) => file.endsWith(`/${ofFile}`) && after.includes(it) && !before.includes(it));
}
