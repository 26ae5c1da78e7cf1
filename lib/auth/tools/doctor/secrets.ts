// Checks that the kit's cookies have a strong key, and that no secret is in a public variable.
import { fault, ok, type Verdict, warning } from "./check";
import type { Environment } from "./environment";

const PUBLIC_SECRET = /^NEXT_PUBLIC_(COGNITO_CLIENT_SECRET|AUTH_SECRET)$/;
const STRONG_CHARACTERS = 24; // A client secret that Cognito creates has about 50.
const STRONG_VARIETY = 10; // The number of different characters. 24 random characters out of 36 have about 17.

/** The key of the kit's cookies is AUTH_SECRET or, without one, derived from the client secret. */
export function checkCookieKey(env: Environment): Verdict {
  const name = env.AUTH_SECRET?.trim() ? "AUTH_SECRET" : "COGNITO_CLIENT_SECRET";
  const secrets = splitList(env[name]);
  const fix = "Set AUTH_SECRET to the output of: openssl rand -base64 32";
  if (secrets.length === 0) {
    return warning(
      "no: without COGNITO_CLIENT_SECRET and AUTH_SECRET, forged refresh cookies reach Cognito, and a browser can extend its own session",
      fix,
    );
  }
  if (secrets.every(isStrong)) return ok(`by ${name}`);
  const problem =
    "is easy to guess: an attacker who has one of these cookies can try keys without requests to this server";
  if (name === "AUTH_SECRET") return warning(`${name} ${problem}`, fix);
  return warning(`${name} ${problem}`, `${fix}, or create a client secret of ${STRONG_CHARACTERS} characters or more`);
}

function isStrong(secret: string): boolean {
  return secret.length >= STRONG_CHARACTERS && new Set(secret).size >= STRONG_VARIETY;
}

/** Next puts every NEXT_PUBLIC_ variable into the browser's bundle. */
export function findPublicSecrets(env: Environment): Verdict {
  const secrets = [...splitList(env.COGNITO_CLIENT_SECRET), ...splitList(env.AUTH_SECRET)];
  const isSecret = (value = "") => secrets.some((secret) => value.includes(secret));
  const names = Object.keys(env).filter((name) => name.startsWith("NEXT_PUBLIC_") && isSecret(env[name]));
  const fix = "Delete it from every .env file and from the hosting, and create a new secret: the old one is public";
  if (names.length > 0) return fault(`${names.join(", ")} puts a secret into the browser's bundle`, fix);
  const named = Object.keys(env).filter((name) => PUBLIC_SECRET.test(name) && env[name]?.trim());
  if (named.length === 0) return ok("no NEXT_PUBLIC_ variable has one");
  return warning(`${named.join(", ")} has the name of a secret, and its value is in the browser's bundle`, fix);
}

const splitList = (text = ""): readonly string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
