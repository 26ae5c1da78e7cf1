// Computes the size of a session's cookies with this configuration: sealed or not, with these names and scopes.
import { now } from "../../core/base/clock";
import { type AuthConfig, MAX_COOKIE_BYTES } from "../../core/base/config";
import { AuthError } from "../../core/base/errors";
import { encodeJson } from "../../core/base/json";
import { CookieJar } from "../../core/http/cookie-jar";
import { writeSession } from "../../core/session/session-cookies";
import { bindSignIn, type IssuedTokens } from "../../core/tokens/issued-tokens";
import { type Check, fault, note, ok, type Verdict, warning } from "./check";

const HEADER_LINE_BYTES = 8_192; // nginx's default for one line, including "Cookie: ".
const REFRESH_TOKEN_CHARACTERS = 1_784; // The usual length of Cognito's.
const SIGNATURE_CHARACTERS = 342; // RS256 with 2048 bits
const HEADER_FIX =
  "Fewer or shorter groups and scopes, or more room for headers: nginx large_client_header_buffers 4 16k";

const MANY_GROUPS = Array.from({ length: 100 }, (_, i) => `group-with-a-name-${i + 10}`);

export const cookieChecks: readonly Check<AuthConfig>[] = [
  { id: "cookies", title: "Cookies, user in 2 groups", run: (config) => checkCookies(config, ["admins", "editors"]) },
  {
    id: "cookies_many_groups",
    title: "Cookies, user in 100 groups",
    // 100 is Cognito's maximum for one user. The doctor does not know the pool's groups: this check gives notes only.
    run: (config) => checkCookies(config, MANY_GROUPS),
  },
];

async function checkCookies(config: AuthConfig, groups: readonly string[]) {
  return (await checkLimit(config, groups)) ?? checkSize(config, groups);
}

/** Returns how many bytes the session needs when AUTH_MAX_COOKIE_BYTES leaves out what its default allows, else null. */
async function checkLimit(config: AuthConfig, groups: readonly string[]): Promise<Verdict | null> {
  const limit = config.maxCookieBytes;
  const needed = await measure({ ...config, maxCookieBytes: MAX_COOKIE_BYTES }, groups);
  if (limit >= MAX_COOKIE_BYTES || !needed) return null;
  const size = await measure(config, groups);
  if (size?.isIdTokenDropped === needed.isIdTokenDropped) return null;
  const effect = size ? "the ID token is left out" : "such a user cannot sign in (session_too_large)";
  const text = `${needed.bytes} bytes, and AUTH_MAX_COOKIE_BYTES allows ${limit}: ${effect}`;
  const fix = `Set AUTH_MAX_COOKIE_BYTES to ${needed.bytes} or more, if your platform allows it`;
  if (groups === MANY_GROUPS) return note(text, fix);
  return size ? warning(text, fix) : fault(text, fix);
}

async function checkSize(config: AuthConfig, groups: readonly string[]) {
  const size = await measure(config, groups);
  const sealed = config.secrets.length > 0 ? ", sealed" : "";
  const isTypical = groups.length < 10;
  if (!size) {
    const text = "too large: such a user cannot sign in (session_too_large)";
    const fix = "Ask for fewer scopes in COGNITO_SCOPE: they are in the access token";
    return isTypical ? fault(text, fix) : note(text, HEADER_FIX);
  }
  const { bytes, count, isIdTokenDropped } = size;
  const rest = isIdTokenDropped ? ", without the ID token" : "";
  const text = `${bytes.toLocaleString("en")} bytes in ${count} cookies${sealed}${rest}`;
  const isHeavy = bytes + "Cookie: ".length > HEADER_LINE_BYTES || (isTypical && isIdTokenDropped);
  const advise = isTypical ? warning : note;
  return isHeavy ? advise(`${text}: more than the 8 kB that many proxies allow`, HEADER_FIX) : ok(text);
}

/** The bytes and the number of the cookies. Null when the session is too large for the kit. */
async function measure(config: AuthConfig, groups: readonly string[]) {
  const jar = new CookieJar(new Headers(), config);
  const tokens = createTokens(config, groups);
  const { refreshToken } = tokens;
  const signIn = bindSignIn(tokens, NONCE);
  const state = { refreshToken, signIn, sessionEndsAt: now() + config.sessionMaxAge };
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

/** Tokens of the usual size, without a valid signature. */
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
