/** A protection taken out. Each text is in the file once. */
export interface Bug {
  readonly what: string;
  readonly file: string;
  readonly changes: readonly (readonly [before: string, after: string])[];
}

const CORE = "lib/auth/core";

export const BUGS: readonly Bug[] = [
  bug("state is not compared", `${CORE}/transactions.ts`, [" || !isEqual(transaction.state, state)", ""]),
  bug("a transaction stays after its use", `${CORE}/transactions.ts`, [
    "  deleteCookie(jar, kind);\n  const isUsed",
    "  const isUsed",
  ]),
  bug("a transaction can be answered again", `${CORE}/transactions.ts`, [
    "(usedStates.get(state) ?? 0) > now()",
    "false",
  ]),
  bug("nonce is not compared", `${CORE}/issued-tokens.ts`, ["idClaims?.nonce !== nonce", "false"]),
  bug("the PKCE verifier is not sent", `${CORE}/token-endpoint.ts`, ["code_verifier: codeVerifier, ", ""]),
  bug("secrets are not random", `${CORE}/encoding.ts`, [
    "crypto.getRandomValues(new Uint8Array(32))",
    "new Uint8Array(32)",
  ]),
  bug("aud is not checked", `${CORE}/verify.ts`, ["claims.aud === config.clientId && ", ""]),
  bug("client_id is not checked", `${CORE}/verify.ts`, [" && clientIds.includes(claims.client_id)", ""]),
  bug("token_use is not checked, of an access token", `${CORE}/verify.ts`, ['claims.token_use === "access" && ', ""]),
  bug("token_use is not checked, of an ID token", `${CORE}/verify.ts`, ['claims.token_use === "id" && ', ""]),
  bug("iss is not checked", `${CORE}/verify.ts`, [" || claims.iss !== config.issuer", ""]),
  bug("exp is not checked", `${CORE}/verify.ts`, ["exp <= now()", "false"]),
  bug("any alg will do", `${CORE}/verify.ts`, ['alg === "RS256" && ', ""], ['algorithms: ["RS256"]', ""]),
  bug("refreshed tokens may be of anybody", `${CORE}/issued-tokens.ts`, ["if (!continues)", "if (false)"]),
  bug("a late answer brings an ended session back", `${CORE}/ended.ts`, [
    "entries.some(([name]) => name === key) || isInOldList(jar, signIn)",
    "false",
  ]),
  bug(
    "a refused refresh token is written among the ended sign-ins",
    `${CORE}/ended.ts`,
    ['const entries = await readEntries(jar, "spent")', 'const entries = await readEntries(jar, "ended")'],
    ['(await readEntries(jar, "spent"))', '(await readEntries(jar, "ended"))'],
    ['await writeEntries(jar, "spent", ', 'await writeEntries(jar, "ended", '],
  ),
  bug("a refresh token that comes after its sign-out is not revoked", `${CORE}/authenticate.ts`, [
    "    await revokeOnce(state.refreshToken, jar.config);\n",
    "",
  ]),
  bug("the sign-in that another replaces is not revoked", "app/auth/callback/route.ts", [
    "  if (replaced && replaced.refreshToken !== refreshToken) await revokeWithSuccessors(replaced.refreshToken, config);\n",
    "",
  ]),
  bug("sign-out waits for a refresh that never settles", `${CORE}/refresh.ts`, [
    "attempt !== undefined && (await settlesWithin(attempt.response, SIGN_OUT_WAIT_MS))",
    "attempt !== undefined",
  ]),
  bug("a flood evicts refreshes in flight", `${CORE}/refresh.ts`, [
    '[["pending", "issued", "unverified"], ["pending"]]',
    '[["pending", "issued", "unverified"], []]',
  ]),
  bug("answers of a refresh serve for 10 s only", `${CORE}/refresh.ts`, ["const KEPT_S = 60", "const KEPT_S = 10"]),
  bug("a late timer ends a request whose answer is there", `${CORE}/deadline.ts`, [
    "if (Date.now() - dueAt < LATE_MS) onOver();\n    else timer = setTimeout(onOver, EXTRA_MS);",
    "onOver();",
  ]),
  bug("every fetch refreshes in the last minute", `${CORE}/authenticate.ts`, ["data: 10", "data: 60"]),
  bug("made-up refresh tokens cost a call each", `${CORE}/call-bound.ts`, [
    "this.#underWay + this.#calls >= this.#limit",
    "false",
  ]),
  bug("JWKS: no pause after a failed fetch", `${CORE}/keys.ts`, [
    "    if (isPausing(source)) throw unavailable();\n",
    "",
  ]),
  bug("JWKS: a late answer replaces newer keys", `${CORE}/keys.ts`, [
    "fetches > source.keysFrom && Object.assign(source, found)",
    "Object.assign(source, found)",
  ]),
  bug("the signature of a cookie is not checked", `${CORE}/sign.ts`, [
    'await crypto.subtle.verify("HMAC", key, Uint8Array.from(decode(mac)), encoder.encode(text))',
    "key",
  ]),
  bug("cookies without a signature are accepted", `${CORE}/cookies.ts`, [
    "return mayBeSigned && config.clientSecrets.length > 0 ? null : stored;",
    "return stored;",
  ]),
  bug("an edited cookie of version 0.1 makes a session longer", `${CORE}/session-cookies.ts`, [
    "Math.min(state.expiresAt, authTime + jar.config.sessionMaxAge)",
    "state.expiresAt",
  ]),
  bug("an ID token of another sign-in is accepted", `${CORE}/cookie-session.ts`, [
    "!isSameSignIn(idClaims, claims)",
    "false",
  ]),
  bug("cookie names are trimmed of U+00A0", `${CORE}/cookie-jar.ts`, [
    "return text.slice(start, end)",
    "return text.trim()",
  ]),
  bug("planted cookies make a huge answer", `${CORE}/cookie-jar.ts`, [
    "deletions.slice(0, MAX_DELETIONS)",
    "deletions",
  ]),
  bug("an event that cannot be reported fails the request", `${CORE}/events.ts`, [
    "} catch {\n    // A logger that fails must not fail a sign-in.\n  }",
    "} catch (error) {\n    throw error;\n  }",
  ]),
  bug("returnTo is not checked", `${CORE}/navigation.ts`, [
    "const [value] = values;",
    'const [value] = values; if (typeof value === "string") return value;',
  ]),
  bug("returnTo may have encoded dot segments", `${CORE}/navigation.ts`, [
    "  if (/(^|[/\\\\])\\.\\.?([/\\\\;]|$)/.test(inApp)) return false;\n",
    "",
  ]),
  bug("returnTo may lead to another app of the host", `${CORE}/navigation.ts`, [
    "return false; // Another app on this origin.",
    "void 0;",
  ]),
  bug("the token getters give null in an outage", "lib/auth/session.ts", [
    'if (auth.status === "unknown") throw auth.error;',
    'if (auth.status === "unknown") return { status: "signed_out", error: auth.error };',
  ]),
  bug("two apps of one host reload each other's tabs", "lib/auth/session-watch.tsx", [
    "getConfig().cookiePrefix",
    '"auth"',
  ]),
  bug("caches may keep what a request with cookies was given", "lib/auth/middleware.ts", [" && jar.isEmpty;", ";"]),
  bug("what another site sends is accepted", `${CORE}/navigation.ts`, [
    'headers.get("origin") !== origin : site !== "same-origin"',
    "false : false",
  ]),
  bug("cookies without HttpOnly", `${CORE}/cookie-jar.ts`, ["; HttpOnly", ""]),
  bug("cookies without SameSite", `${CORE}/cookie-jar.ts`, ["; SameSite=Lax", ""]),
  bug("cookies without Secure", `${CORE}/cookie-jar.ts`, ['"; Secure"', '""']),
  bug("shared caches may keep answers", `${CORE}/responses.ts`, ['"private, no-store"', '"public, max-age=60"']),
  bug("sign-out does not revoke", "app/auth/logout/route.ts", [
    "state !== null && (await revokeWithSuccessors(state.refreshToken, config))",
    "state !== null",
  ]),
];

function bug(what: string, file: string, ...changes: Bug["changes"]): Bug {
  return { what, file, changes };
}
