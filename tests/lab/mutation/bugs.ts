/** A protection taken out. Each text is in the file once. */
export interface Bug {
  readonly what: string;
  readonly file: string;
  readonly changes: readonly (readonly [before: string, after: string])[];
}

const CORE = "lib/auth/core";

export const BUGS: readonly Bug[] = [
  bug("an old sign-in counts as recent", `${CORE}/tokens/issued-tokens.ts`, [
    "age <= maxAge + MAX_CLOCK_SKEW_S && ",
    "",
  ]),
  bug("the callback accepts an old sign-in", "app/auth/callback/route.ts", [
    "transaction.maxAge !== null && ",
    "false && ",
  ]),
  bug("userInfo of another user proves a session live", `${CORE}/tokens/user-info.ts`, [
    "if (sub === claims.sub) return true;",
    'if (typeof sub === "string") return true;',
  ]),
  bug("an outage of userInfo ends a session", `${CORE}/tokens/user-info.ts`, [
    "answer?.status === 401 && isInvalidToken(answer)",
    "answer?.status !== 200",
  ]),
  bug("a token that may have expired ends its sign-in", `${CORE}/tokens/user-info.ts`, [
    "claims.exp - now() < MAX_CLOCK_SKEW_S",
    "false",
  ]),
  bug("a settled answer of userInfo serves again", `${CORE}/tokens/user-info.ts`, [
    "  void call.answer.then(() => calls.get(token) === call && calls.delete(token));\n",
    "",
  ]),
  bug("a page asks for no live session", "lib/auth/session.ts", [
    "if (requirement.live) await requireLive(session, returnTo);",
    "void requireLive;",
  ]),
  bug("an API asks for no live session", "lib/auth/api.ts", [
    "requirement.live ? await checkLive(sessionChanges, auth, jar) : auth",
    "auth",
  ]),
  bug("a refused sign-in leaves its refresh token alive", "app/auth/callback/route.ts", [
    "if (refreshToken) await revoke(",
    "if (!refreshToken) await revoke(",
  ]),
  bug("a user whom the app turns away is signed in", `${CORE}/sign-in/hook.ts`, [
    "throw toFailure(error);",
    "if (error instanceof SignInRefused) return null;\n    throw toFailure(error);",
  ]),
  bug("the app's hook leads to another site", `${CORE}/sign-in/hook.ts`, [
    "safeReturnTo([result.redirectTo], app)",
    "result.redirectTo",
  ]),
  bug("a renewal answers with old claims", `${CORE}/tokens/renewal.ts`, ["tokens.accessToken !== accessToken && ", ""]),
  bug("another site renews a session", "app/auth/refresh/route.ts", [
    "  if (isCrossSite(headers, config.origin)) return emptyResponse(403);\n",
    "",
  ]),
  bug("a token for another resource is accepted", `${CORE}/tokens/verify.ts`, [
    "|| [aud].flat().includes(resource)",
    "|| true",
  ]),
  bug("a bound Bearer token is accepted without a resource", `${CORE}/authenticate.ts`, [
    "claims.aud !== undefined && config.resource === null",
    "false",
  ]),
  bug("a 401 does not lead to the metadata", `${CORE}/http/rejection.ts`, ["resource === null ? []", "true ? []"]),
  bug("there is metadata without a resource", "lib/auth/api.ts", [
    "    if (resource === null) return emptyResponse(404);\n",
    "",
  ]),
  bug("an idle session goes on", `${CORE}/session/refresh-cookie.ts`, [
    "  if (idleEnd(tokenExp, jar) <= now()) return null;\n",
    "",
  ]),
  bug("more than a host names an address", `${CORE}/base/addresses.ts`, ["([\\w.:[\\]-]+)", "(\\S+)"]),
  bug("the first tenant answers at an unknown host", `${CORE}/base/addresses.ts`, [
    "(hasTenants ? null : first)",
    "first",
  ]),
  bug("two headers that name two tenants pick one", `${CORE}/base/addresses.ts`, [
    "byForwarded && byHost && byForwarded.tenant !== byHost.tenant",
    "false",
  ]),
  bug(
    "a tenant's undefined variable comes from the environment",
    `${CORE}/base/tenants.ts`,
    [
      "parseConfigs({ ...environment, ...variables }, name)",
      "parseConfigs({ ...environment, ...Object.fromEntries(Object.entries(variables).filter(([, value]) => value)) }, name)",
    ],
    ["if (unset) throw", "if (false) throw"],
  ),
  bug("one key seals the cookies of all tenants", `${CORE}/base/seal.ts`, [
    '["sealed cookie", purpose, issuer, clientId]',
    '["sealed cookie", purpose, clientId]',
  ]),
  bug("one key signs the cookies of all tenants", `${CORE}/base/sign.ts`, [
    '["signed cookie", purpose, issuer, clientId]',
    '["signed cookie", purpose, clientId]',
  ]),
  bug("a tenant's sign-in ends at another's callback", `${CORE}/sign-in/transactions.ts`, [
    "  if (client !== (await clientOf(jar.config))) return null;\n",
    "",
  ]),
  bug("state is not compared", `${CORE}/sign-in/transactions.ts`, [" || !isEqual(transaction.state, state)", ""]),
  bug("a transaction stays after its use", `${CORE}/sign-in/transactions.ts`, [
    "  deleteCookie(jar, kind);\n  const wasUsed",
    "  const wasUsed",
  ]),
  bug("a transaction can be answered again", `${CORE}/sign-in/transactions.ts`, [
    "(usedStates.get(state) ?? 0) > now()",
    "false",
  ]),
  bug("nonce is not compared", `${CORE}/tokens/issued-tokens.ts`, ["idClaims?.nonce !== nonce", "false"]),
  bug("the PKCE verifier is not sent", `${CORE}/tokens/token-endpoint.ts`, ["code_verifier: codeVerifier, ", ""]),
  bug("secrets are not random", `${CORE}/base/hash.ts`, [
    "crypto.getRandomValues(new Uint8Array(32))",
    "new Uint8Array(32)",
  ]),
  bug("aud is not checked", `${CORE}/tokens/verify.ts`, ["claims.aud === config.clientId && ", ""]),
  bug("client_id is not checked", `${CORE}/tokens/verify.ts`, [" && clientIds.includes(claims.client_id)", ""]),
  bug("token_use is not checked, of an access token", `${CORE}/tokens/verify.ts`, [
    'claims.token_use === "access" && ',
    "",
  ]),
  bug("token_use is not checked, of an ID token", `${CORE}/tokens/verify.ts`, ['claims.token_use === "id" && ', ""]),
  bug("iss is not checked", `${CORE}/tokens/verify.ts`, [" || claims.iss !== config.issuer", ""]),
  bug("exp is not checked", `${CORE}/tokens/verify.ts`, ["exp <= now()", "false"]),
  bug("any alg will do", `${CORE}/tokens/verify.ts`, ['alg === "RS256" && ', ""]),
  bug("refreshed tokens may be of anybody", `${CORE}/tokens/issued-tokens.ts`, ["if (!continues)", "if (false)"]),
  bug("a late answer brings an ended session back", `${CORE}/session/ended.ts`, [
    "  for (const key of await keysOf(jar, signIn)) if ((await readEnd(jar, key)) > 0) return true;\n",
    "",
  ]),
  bug(
    "a refused refresh token is written among the ended sign-ins",
    `${CORE}/session/ended.ts`,
    ['const entries = await readEntries(jar, "spent")', 'const entries = await readEntries(jar, "ended")'],
    ['(await readEntries(jar, "spent"))', '(await readEntries(jar, "ended"))'],
    ['await writeEntries(jar, "spent", ', 'await writeEntries(jar, "ended", '],
  ),
  bug("a refresh token that comes after its sign-out is not revoked", `${CORE}/session/cookie-sessions.ts`, [
    "    await revoke(state, config);\n",
    "",
  ]),
  bug("the sign-in that another replaces is not revoked", `${CORE}/session/cookie-sessions.ts`, [
    "    if (replaced && replaced.refreshToken !== facts?.refreshToken) await revokeWithSuccessors(replaced, jar.config);\n",
    "",
  ]),
  bug("sign-out waits for a refresh that never settles", `${CORE}/tokens/refresh.ts`, [
    "attempt !== undefined && (await settlesWithin(attempt.response, SIGN_OUT_WAIT_MS))",
    "attempt !== undefined",
  ]),
  bug("a flood evicts refreshes in flight", `${CORE}/tokens/attempts.ts`, [
    'removeWhere(({ outcome }) => outcome !== "pending", MAX_ATTEMPTS)',
    "removeWhere(() => true, MAX_ATTEMPTS)",
  ]),
  bug("answers of a refresh serve for 10 s only", `${CORE}/tokens/attempts.ts`, [
    "const KEPT_S = 60",
    "const KEPT_S = 10",
  ]),
  bug("a late timer ends a request whose answer is there", `${CORE}/base/deadline.ts`, [
    "if (Date.now() - dueAt < LATE_MS) onOver();\n    else timer = setTimeout(onOver, EXTRA_MS);",
    "onOver();",
  ]),
  bug("every fetch refreshes in the last minute", `${CORE}/authenticate.ts`, ["data: 10", "data: 60"]),
  bug("made-up refresh tokens cost a call each", `${CORE}/tokens/call-bound.ts`, [
    "this.#calls >= CALLS_PER_SECOND",
    "false",
  ]),
  bug("JWKS: no pause after a failed fetch", `${CORE}/tokens/keys.ts`, [
    "    if (isPausing(source)) throw unavailable();\n",
    "",
  ]),
  bug("JWKS: a late answer replaces newer keys", `${CORE}/tokens/keys.ts`, [
    "isLast() || startedAt > source.fetchedAt",
    "true",
  ]),
  bug("the signature of a cookie is not checked", `${CORE}/base/sign.ts`, [
    'await crypto.subtle.verify("HMAC", key, Uint8Array.from(decode(mac)), encoder.encode(text))',
    "key",
  ]),
  bug("cookies without a signature are accepted", `${CORE}/http/cookies.ts`, [
    "return mayBeSigned && config.clientSecrets.length > 0 ? null : stored;",
    "return stored;",
  ]),
  bug("an edited cookie of version 0.1 makes a session longer", `${CORE}/session/refresh-cookie.ts`, [
    "Math.min(facts.sessionEndsAt, authTime + jar.config.sessionMaxAge)",
    "state.expiresAt",
  ]),
  bug("an ID token of another sign-in is accepted", `${CORE}/session/session-cookies.ts`, [
    "if (isSameSignIn(idClaims, accessClaims)) ",
    "",
  ]),
  bug("cookie names are trimmed of U+00A0", `${CORE}/http/cookie-jar.ts`, [
    "return text.slice(start, end)",
    "return text.trim()",
  ]),
  bug("planted cookies make a huge answer", `${CORE}/http/cookie-jar.ts`, [".slice(0, MAX_DELETIONS)", ""]),
  bug("an event that cannot be reported fails the request", `${CORE}/base/events.ts`, [
    "} catch {\n    // A logger that fails must not fail a sign-in.\n  }",
    "} catch (error) {\n    throw error;\n  }",
  ]),
  bug("returnTo is not checked", `${CORE}/http/return-to.ts`, [
    "const [value] = values;",
    'const [value] = values; if (typeof value === "string") return value;',
  ]),
  bug("returnTo may have encoded dot segments", `${CORE}/http/return-to.ts`, [
    "  if (/(^|[/\\\\])\\.\\.?([/\\\\;]|$)/.test(inApp)) return false;\n",
    "",
  ]),
  bug("returnTo may lead to another app of the host", `${CORE}/http/return-to.ts`, [
    "return false; // Another app on this origin.",
    "void 0;",
  ]),
  bug("the token getters give null in an outage", "lib/auth/session.ts", [
    'if (auth.status === "unknown") throw auth.error;',
    'if (auth.status === "unknown") return { status: "signed_out", error: auth.error };',
  ]),
  bug("two apps of one host reload each other's tabs", "lib/auth/session-watch.tsx", [
    "const [{ cookiePrefix }] = getConfigs();",
    'getConfigs();\n  const cookiePrefix = "auth";',
  ]),
  bug("caches may keep what a request with cookies was given", "lib/auth/middleware.ts", [" && jar.isEmpty;", ";"]),
  bug("what another site sends is accepted", `${CORE}/http/request.ts`, [
    'headers.get("origin") !== origin : site !== "same-origin"',
    "false : false",
  ]),
  bug("cookies without HttpOnly", `${CORE}/http/cookie-jar.ts`, ["; HttpOnly", ""]),
  bug("cookies without SameSite", `${CORE}/http/cookie-jar.ts`, ["; SameSite=Lax", ""]),
  bug("cookies without Secure", `${CORE}/http/cookie-jar.ts`, ['"; Secure"', '""']),
  bug("shared caches may keep answers", `${CORE}/http/responses.ts`, ['"private, no-store"', '"public, max-age=60"']),
  bug("sign-out does not revoke", `${CORE}/session/cookie-sessions.ts`, [
    "state !== null && (await revokeWithSuccessors(state, jar.config))",
    "state !== null",
  ]),
  bug("the signature of a token is not verified", `${CORE}/tokens/verify.ts`, [
    '  if (!(await hasSignatureOf(key, token))) throw invalid("has a bad signature");\n',
    "",
  ]),
  bug("the signature of a token is verified with no key of the pool", `${CORE}/tokens/verify.ts`, [
    "return crypto.subtle.verify(RS256.name, await importKey(key), signature, signed);",
    "return (await importKey(key)).usages.length > 0 && signature.length > 0 && signed.length > 0;",
  ]),
  bug("the end of a token is enough to find its claims", `${CORE}/base/secret-cache.ts`, [
    "entry?.key === key ? ",
    "entry ? ",
  ]),
  bug("a key that left the JWKS still verifies", `${CORE}/tokens/verify.ts`, [
    "known && known.key === key",
    "known?.config === config",
  ]),
  bug("tokens of the future are accepted", `${CORE}/tokens/verify.ts`, ["wait > MAX_CLOCK_SKEW_S", "false"]),
  bug("at_hash is not compared", `${CORE}/tokens/issued-tokens.ts`, [
    "idClaims && !(await matchesAtHash(idClaims, accessToken))",
    "false",
  ]),
  bug("the tokens of one answer may be of two users", `${CORE}/tokens/issued-tokens.ts`, [
    "idClaims && idClaims.sub !== accessClaims.sub",
    "false",
  ]),
  bug("signed cookies of another purpose are accepted", `${CORE}/base/sign.ts`, [
    '["signed cookie", purpose, issuer, clientId]',
    '["signed cookie", issuer, clientId]',
  ]),
  bug("signed cookies of another app client are accepted", `${CORE}/base/sign.ts`, [
    '["signed cookie", purpose, issuer, clientId]',
    '["signed cookie", purpose, issuer]',
  ]),
  bug("sealed cookies of another purpose are accepted", `${CORE}/base/seal.ts`, [
    '"sealed cookie", purpose, ',
    '"sealed cookie", ',
  ]),
  bug("an opened cookie opens for every purpose", `${CORE}/base/seal.ts`, [" && known.purpose === purpose", ""]),
  bug("unsealed cookies are accepted with AUTH_SECRET", `${CORE}/http/cookies.ts`, [
    "return unseal(stored, purpose, config);",
    "return (await unseal(stored, purpose, config)) ?? stored;",
  ]),
  bug("a refresh cookie of version 0.1 is trusted without an access cookie", `${CORE}/session/refresh-cookie.ts`, [
    "  if (!accessToken) return null;\n",
    '  const old = accessToken ? null : parseState(readUnsignedCookie(jar, "refresh") ?? "", jar);\n' +
      "  if (!accessToken) return old && { ...old, isProven: false };\n",
  ]),
  bug("a refresh cookie of version 0.1 is trusted with anybody's access cookie", `${CORE}/session/refresh-cookie.ts`, [
    "  if (signIn.sub !== sub || signIn.auth_time !== authTime || signIn.origin_jti !== originJti) return null;\n",
    "",
  ]),
  bug("a refresh cookie of version 0.1 counts as proven", `${CORE}/session/refresh-cookie.ts`, [
    "{ ...facts, sessionEndsAt, isProven: false }",
    "{ ...state, expiresAt, isProven: true }",
  ]),
  bug("a refresh cookie of version 0.1 is never replaced", `${CORE}/session/cookie-sessions.ts`, [
    "  if (hasOldRefreshCookie(jar)) return true;\n",
    "",
  ]),
  bug("every refresh cookie counts as proven", `${CORE}/session/refresh-cookie.ts`, [
    "isProven: jar.config.canAuthenticateCookies",
    "isProven: true",
  ]),
  bug("made-up refresh tokens wait for no turn", `${CORE}/tokens/token-endpoint.ts`, [
    "isProven ? call() : boundsOf(config).refreshes.run(call)",
    "isProven ? call() : call()",
  ]),
  bug("made-up revocations wait for no turn", `${CORE}/tokens/token-endpoint.ts`, [
    "isProven ? call() : boundsOf(config).revocations.run(call)",
    "isProven ? call() : call()",
  ]),
  bug("revocations that Cognito confirms are not bounded", `${CORE}/tokens/token-endpoint.ts`, [
    'revocations: new CallBound("all")',
    'revocations: new CallBound("failures")',
  ]),
  bug("made-up codes wait for no turn", `${CORE}/tokens/token-endpoint.ts`, [
    'boundsOf(config).codes.run(() => post("token", form, config))',
    'post("token", form, config)',
  ]),
  bug("calls that succeed count as failures", `${CORE}/tokens/call-bound.ts`, [
    'if (this.#counted === "failures") ',
    "if (false) ",
  ]),
  bug("calls above the bound fail instead of waiting", `${CORE}/tokens/call-bound.ts`, [
    "this.#waiting >= MAX_WAITING",
    "true",
  ]),
  bug("all kinds of requests refresh early", `${CORE}/authenticate.ts`, [
    "REFRESH_AHEAD_S[requestKind(headers)]",
    "REFRESH_AHEAD_S.document",
  ]),
  bug("an early refresh that failed is not repeated", `${CORE}/authenticate.ts`, [
    "!isDue && !(await sessions.mustRefreshEarly(jar, left < REFRESH_AHEAD_S.document))",
    "!isDue",
  ]),
  bug("the ID token of the sign-in before stays", `${CORE}/session/session-cookies.ts`, [
    '  deleteCookie(small, "id");\n',
    "",
  ]),
  bug("an end that was recorded under the other key is not seen", `${CORE}/session/ended.ts`, [
    "return hasHashes ? [key, await signInKey({ ...signIn, origin_jti: undefined })] : [key];",
    "return hasHashes ? [key] : [key];",
  ]),
  bug("the sign-outs of version 0.1 are forgotten", `${CORE}/session/ended.ts`, [
    "  return isInOldList(jar, signIn);\n",
    "  return false;\n",
  ]),
  bug("tokens of the token endpoint wait for the pause of the JWKS", `${CORE}/tokens/keys.ts`, [
    "await load(source, config.jwksUri);",
    'await findKeys(source, config.jwksUri, "");',
  ]),
  bug("made-up key ids cause a fetch each", `${CORE}/tokens/keys.ts`, [
    "now() - searchedAt >= COOLDOWN_S;",
    "now() - refetchedAt >= 0;",
  ]),
  bug("headers for CDNs are kept", `${CORE}/http/compose.ts`, [" && (isCacheable || !FOR_CACHES.test(name))", ""]),
  bug("the session cookies of another middleware win", `${CORE}/http/compose.ts`, [
    "...notOurs(theirs.headers.getSetCookie()), ...ours.getSetCookie()",
    "...ours.getSetCookie(), ...theirs.headers.getSetCookie()",
  ]),
  bug("the client secret follows a redirect", `${CORE}/base/fetch-text.ts`, [
    'redirect: "manual"',
    'redirect: "follow"',
  ]),
  bug("any token type will do", `${CORE}/tokens/token-endpoint.ts`, [
    "isBearer && isToken(access_token)",
    "isToken(access_token)",
  ]),
  bug("another issuer may answer at the callback", `${CORE}/sign-in/authorization.ts`, ["if (isOfIssuer && ", "if ("]),
  bug("the first of several states counts", `${CORE}/sign-in/authorization.ts`, [
    "others.length === 0 ? value : null",
    "value",
  ]),
  bug("a prefetch redeems the code", "app/auth/callback/route.ts", [
    "  if (isPrefetch(request.headers)) return emptyResponse(400);\n",
    "",
  ]),
  bug("a link on another site signs out", "app/auth/logout/route.ts", [
    'request.headers.get("sec-fetch-site") === "same-origin"',
    "true",
  ]),
  bug("a form on another site signs out", "app/auth/logout/route.ts", [
    "isCrossSite(request.headers, config.origin) ? emptyResponse(403) : ",
    "",
  ]),
  bug("a browser that loses its cookies is redirected without end", "app/auth/login/route.ts", [
    "rounds > MAX_ROUNDS",
    "false",
  ]),
  bug("a handler of an API accepts what another site sends", "lib/auth/api.ts", [
    'if (isForged) return reject(request, jar, { status: 403, reason: "cross_site" });',
    "void isForged;",
  ]),
  bug("a handler of an API asks for no group or scope", "lib/auth/api.ts", [
    "findMissing(session, requirement)",
    "findMissing(session, {})",
  ]),
  bug("a page asks for no group or scope", "lib/auth/session.ts", [
    "if (missing) rejectForbidden(session, returnTo, missing);",
    "void missing;",
  ]),
  bug("middleware takes a machine for a user", "lib/auth/middleware.ts", [" && !isMachine(auth.session)", ""]),
  bug("a page takes a machine for a user", "lib/auth/session.ts", [" && !isMachine(auth.session)", ""]),
  bug("middleware passes on what another site sends", "lib/auth/middleware.ts", [
    'if (isForged(request, jar)) return sameAnswer(() => reject(request, config, { status: 403, reason: "cross_site" }));',
    "void isForged;",
  ]),
  bug("a handler behind middleware takes an outage for a sign-out", "lib/auth/middleware.ts", [
    'if (auth.status === "unknown") markOutage(forwarded);',
    "void markOutage;",
  ]),
  bug("a sub-domain may frame pages", `${CORE}/http/responses.ts`, [', "x-frame-options": "SAMEORIGIN" }', " }"]),
  bug("any site may frame the kit's pages", `${CORE}/http/responses.ts`, [
    `  "content-security-policy": "frame-ancestors 'none'",\n`,
    "",
  ]),
  bug("a record opens with AUTH_SECRET alone", `${CORE}/store/record.ts`, [
    "salt: encoder.encode(id), info",
    'salt: encoder.encode(""), info',
  ]),
  bug("a server takes a lease that another one holds", `${CORE}/store/lease.ts`, [
    "if (lease === null || isOver(lease, watched)) return",
    "if (lease !== undefined) return",
  ]),
  bug("a lease counts by the clock of its holder alone", `${CORE}/store/lease.ts`, [
    " || Date.now() - watched.since >= LEASE_S * 1000",
    "",
  ]),
  bug("a late answer replaces the tokens of another server", `${CORE}/store/held-refresh.ts`, [
    "  if (isRefreshed(found.record, leased)) return found.record; // This process was too slow.\n",
    "",
  ]),
  bug("a late rejection ends the session of another server", `${CORE}/store/held-refresh.ts`, [
    "  if (found && isRefreshed(found.record, leased)) return found.record;\n",
    "",
  ]),
  bug("a refresh token that arrives after sign-out lives on", `${CORE}/store/held-refresh.ts`, [
    "if (renewed.refreshToken) await revoke({ refreshToken: renewed.refreshToken, isProven: true }, config);",
    "void revoke;",
  ]),
  bug("a write of new tokens that is lost is not tried again", `${CORE}/store/held-refresh.ts`, [
    "      if (!isStoreOutage(error)) throw error;\n",
    "      void isStoreOutage;\n      throw error;\n",
  ]),
  bug("an outage of the store ends a session", `${CORE}/store/records.ts`, [
    "      if (own && isStoreOutage(error)) return own.record;\n      throw error;",
    "      return null;",
  ]),
  bug("a sign-out reads a session and deletes a newer one", `${CORE}/store/records.ts`, [
    "return this.#markEnded(await recordKey(id, config), record.sessionEndsAt, version);",
    "void version;\n    return this.endByKey(await recordKey(id, config), record.sessionEndsAt).then(() => true);",
  ]),
  bug("the index of another user counts", `${CORE}/store/user-index.ts`, ["content.sub !== sub || ", ""]),
  bug("a change of an index ignores other servers", `${CORE}/store/user-index.ts`, [
    "{ expiresAt, ifVersion: version }",
    "{ expiresAt, ifVersion: (await this.#store.get(await indexKey(sub, secret, config)))?.version ?? version }",
  ]),
  bug(
    "a sign-in ignores that all sessions are ended",
    `${CORE}/store/user-sessions.ts`,
    ["if (index.notBefore >= startedAt) throw", "if (index.notBefore < 0) throw"],
    ["if (!isThere || notBefore >= startedAt)", "if (!isThere)"],
  ),
  bug("a sign-in keeps the session that it replaces", `${CORE}/store/stored-sessions.ts`, [
    "      if (oldId !== null) await this.users.end(oldId, jar.config);",
    "      void oldId;",
  ]),
  bug("a session that moved after its sign-out goes on", `${CORE}/store/stored-sessions.ts`, [
    "if (await hasEnded(jar, record.signIn)) {",
    "void hasEnded;\n      if (jar.isEmpty) {",
  ]),
  bug("a Bearer token survives the end of all sessions", `${CORE}/store/user-sessions.ts`, [
    "return began * 1000 <= (",
    "return began < 0 && began * 1000 <= (",
  ]),
  bug("an invented id costs more than one read", `${CORE}/store/stored-sessions.ts`, [
    "    // An invented id costs one read.",
    "    if (!seen) await this.users.records.read(id, jar.config);\n    //",
  ]),
];

function bug(what: string, file: string, ...changes: Bug["changes"]): Bug {
  return { what, file, changes };
}
