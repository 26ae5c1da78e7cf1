import { now } from "../../core/base/clock";
import type { AuthConfig } from "../../core/base/config";
import { AuthError } from "../../core/base/errors";
import { encodeJson } from "../../core/base/json";
import { CookieJar } from "../../core/http/cookie-jar";
import { writeSession } from "../../core/session/session-cookies";
import { createSignIn, type IssuedTokens } from "../../core/tokens/issued-tokens";
import { type Check, fault, note, ok, warning } from "./check";

const HEADER_LINE_BYTES = 8_192; // nginx's default for one line, "Cookie: " included.
const REFRESH_TOKEN_CHARACTERS = 1_784;
const SIGNATURE_CHARACTERS = 342; // RS256 with 2048 bits
const HEADER_MEND =
  "Fewer or shorter groups and scopes, or more room for headers: nginx large_client_header_buffers 4 16k";

/** What a session weighs with this configuration: sealed or not, under these names, with these scopes. */
export const cookieChecks: readonly Check<AuthConfig>[] = [
  { id: "cookies", title: "Cookies, user in 2 groups", run: (config) => checkCookies(config, ["admins", "editors"]) },
  {
    id: "cookies_many_groups",
    title: "Cookies, user in 100 groups",
    // Cognito's maximum for one user; longer names are possible. The pool's groups are unknown here: a note, at most.
    run: (config) =>
      checkCookies(
        config,
        Array.from({ length: 100 }, (_, i) => `group-with-a-name-${i + 10}`),
      ),
  },
];

async function checkCookies(config: AuthConfig, groups: readonly string[]) {
  const weight = await weigh(config, groups);
  const sealed = config.secrets.length > 0 ? ", sealed" : "";
  const isTypical = groups.length < 10;
  if (!weight) {
    const text = "too large: such a user cannot sign in (session_too_large)";
    const mend = "Ask for fewer scopes in COGNITO_SCOPE: they are in the access token";
    return isTypical ? fault(text, mend) : note(text, HEADER_MEND);
  }
  const { bytes, count, isIdTokenDropped } = weight;
  const rest = isIdTokenDropped ? ", without the ID token" : "";
  const text = `${bytes.toLocaleString("en")} bytes in ${count} cookies of less than 4,096${sealed}${rest}`;
  const isHeavy = bytes + "Cookie: ".length > HEADER_LINE_BYTES || (isTypical && isIdTokenDropped);
  const advise = isTypical ? warning : note;
  return isHeavy ? advise(`${text}: more than the 8 kB that many proxies allow`, HEADER_MEND) : ok(text);
}

/** Null when the kit refuses to store so much. */
async function weigh(config: AuthConfig, groups: readonly string[]) {
  const jar = new CookieJar(new Headers(), config);
  const tokens = createTokens(config, groups);
  const { refreshToken } = tokens;
  const signIn = createSignIn(tokens, NONCE);
  const state = { refreshToken, signIn, expiresAt: now() + config.sessionMaxAge };
  try {
    const stored = await writeSession(jar, tokens, state, "signed_in");
    return { bytes: jar.bytes, count: jar.changes.length, isIdTokenDropped: stored.idToken === null };
  } catch (error) {
    if (error instanceof AuthError && error.code === "session_too_large") return null;
    throw error;
  }
}

const NONCE = "n".repeat(43);
const UUID = "5f6f2f0e-7c1d-4b0a-9b57-2d1c8a3e4f10";

/** Tokens of the usual size; nobody signed them. */
function createTokens(config: AuthConfig, groups: readonly string[]) {
  const times = { auth_time: now(), iat: now(), exp: now() + 3600 };
  const common = {
    sub: UUID,
    "cognito:groups": groups,
    iss: config.issuer,
    origin_jti: UUID,
    event_id: UUID,
    jti: UUID,
  };
  const accessClaims = {
    ...common,
    ...times,
    version: 2,
    client_id: config.clientId,
    token_use: "access",
    scope: config.scope,
    username: UUID,
  } as const;
  const idClaims = {
    ...common,
    ...times,
    at_hash: NONCE.slice(0, 22),
    aud: config.clientId,
    token_use: "id",
    nonce: NONCE,
    "cognito:username": UUID,
    email: "somebody@mail.example.com",
    email_verified: true,
    name: "Somebody of Usual Length",
  } as const;
  const refreshToken = "r".repeat(REFRESH_TOKEN_CHARACTERS);
  const tokens = { accessToken: unsigned(accessClaims), idToken: unsigned(idClaims), refreshToken };
  return { ...tokens, accessClaims, idClaims } satisfies IssuedTokens;
}

function unsigned(claims: object): string {
  const header = { kid: "k".repeat(44), alg: "RS256" };
  return `${encodeJson(header)}.${encodeJson(claims)}.${"s".repeat(SIGNATURE_CHARACTERS)}`;
}
