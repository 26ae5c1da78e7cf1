// Checks the app client: its id, URLs, grant, scopes and secret, as far as Cognito's answers show them.
import { type Check, fault, note, ok, warning } from "./check";
import { isUnclear, poolId, unclear } from "./pool";
import type { Probe } from "./probe";

const CLIENT = "Cognito console → your user pool → App clients → your client";
const LOGIN_PAGES = `${CLIENT} → Login pages → Edit`;

export const clientChecks: readonly Check<Probe>[] = [
  { id: "client", title: "Client id is known", needs: ["domain_pool"], run: checkClient },
  { id: "callback_url", title: "Callback URL", needs: ["client"], run: checkCallbackUrl },
  { id: "code_grant", title: "Authorization code grant", needs: ["callback_url"], run: checkGrant },
  { id: "scopes", title: "Scopes", needs: ["code_grant"], run: checkScopes },
  { id: "login_page", title: "Login page", needs: ["scopes"], run: checkLoginPage },
  { id: "sign_out_url", title: "Sign-out URL", needs: ["client"], run: checkSignOutUrl },
  { id: "client_secret", title: "Client secret", needs: ["client"], run: checkSecret },
  { id: "revocation", title: "Token revocation", needs: ["client_secret"], run: checkRevocation },
  { id: "hidden_settings", title: "Rotation and lifetimes", needs: ["client"], run: adviseOnHiddenSettings },
];

/** For each further address in APP_BASE_URL. The client id is right. */
export const urlChecks: readonly Check<Probe>[] = [
  { id: "callback_url", title: "Callback URL", run: checkCallbackUrl },
  { id: "sign_out_url", title: "Sign-out URL", run: checkSignOutUrl },
];

/**
 * Cognito rejects a wrong client id, a wrong URL and a wrong secret in the same way. If one answer accepts the client,
 * the id is right. This check sends the secret for the first time, and only to the domain that the pool names.
 */
async function checkClient(probe: Probe) {
  const authorization = await probe.authorize();
  const signOut = await probe.signOut();
  const isKnown = authorization.kind === "login" || authorization.kind === "callback" || isSignedOut(probe, signOut);
  if (isKnown || (await probe.redeem()) === "accepted") return ok(probe.config.clientId);
  if (authorization.kind === "other") return unclear(authorization.status);
  if ((await probe.redeem()) === "unclear") return warning("unknown: no clear answer", "Run the doctor again later");
  return fault(
    "not a client of this user pool (or callback URL, sign-out URL and secret are all wrong)",
    `COGNITO_CLIENT_ID, or if it is right APP_BASE_URL and COGNITO_CLIENT_SECRET: Cognito console → your user pool → App clients → Client ID; or: aws cognito-idp list-user-pool-clients --user-pool-id ${poolId(probe.config)}`,
  );
}

async function checkCallbackUrl({ config, authorize }: Probe) {
  const answer = await authorize();
  if (answer.kind === "login" || answer.kind === "callback") return ok(config.redirectUri);
  if (answer.kind === "other") return unclear(answer.status);
  const fix = `${LOGIN_PAGES} → Allowed callback URLs: add ${config.redirectUri} exactly (or correct APP_BASE_URL)`;
  if (answer.error === "redirect_mismatch") return fault(`${config.redirectUri} is not registered`, fix);
  return warning(`unknown: Cognito's error page says "${answer.error}"`, fix);
}

async function checkGrant({ authorize }: Probe) {
  const answer = await authorize();
  if (answer.kind === "callback" && answer.error === "unauthorized_client") {
    return fault("not allowed for this client", `${LOGIN_PAGES} → OAuth grant types: Authorization code grant`);
  }
  return ok(answer.kind === "login" ? "allowed" : "not rejected");
}

async function checkScopes(probe: Probe) {
  const answer = await probe.authorize();
  if (answer.kind === "login") return ok(probe.config.scope);
  const error = answer.kind === "callback" ? answer.error : "no login page";
  const fix = `${LOGIN_PAGES} → OpenID Connect scopes, Custom scopes: allow them, or remove them from COGNITO_SCOPE`;
  if (error !== "invalid_scope") return warning(`unknown: ${error}`, fix);
  return fault(`not allowed for this client: ${await findRejectedScopes(probe)}`, fix);
}

async function findRejectedScopes({ config, authorizeScope }: Probe): Promise<string> {
  const isRejected = async (scope: string) => {
    const answer = await authorizeScope(scope);
    return answer.kind === "callback" && answer.error === "invalid_scope";
  };
  if (await isRejected("openid")) return "openid";
  const rejected: string[] = [];
  for (const scope of config.scope.split(" ")) {
    if (await isRejected(`openid ${scope}`)) rejected.push(scope);
  }
  return rejected.join(" ") || config.scope;
}

async function checkLoginPage({ authorize, open }: Probe) {
  const answer = await authorize();
  const page = answer.kind === "login" ? await open(answer.location) : null;
  const isShown = page && page.status >= 200 && page.status < 400 && !/^[^?]*\/error(\?|$)/.test(page.location ?? "");
  if (isShown) return ok("Cognito shows it");
  return warning(
    page ? `answers ${page.status}` : "unknown: Cognito did not redirect to it",
    "Cognito console → your user pool → Branding → Managed login → Styles: create one. A client that was not created in the console has no style, and then no login page",
  );
}

/** For a URL that is not registered, Cognito redirects to its error page or its login page: neither is documented. */
async function checkSignOutUrl(probe: Probe) {
  const answer = await probe.signOut();
  const { baseUrl } = probe.config;
  if (isSignedOut(probe, answer)) return ok(baseUrl);
  const isElsewhere = answer.location !== null && !/^[^?]*\/(error|login)(\?|$)/.test(answer.location);
  if (answer.status === 0 || isUnclear(answer.status) || isElsewhere) return unclear(answer.status);
  return fault(
    `${baseUrl} is not registered`,
    `${LOGIN_PAGES} → Allowed sign-out URLs: add ${baseUrl} exactly, without a slash at the end`,
  );
}

function isSignedOut({ config }: Probe, { location }: { location: string | null }): boolean {
  return location === config.baseUrl || location === `${config.baseUrl}/`;
}

async function checkSecret({ config, redeem, redeemWithoutSecret }: Probe) {
  const answer = await redeem();
  if (answer === "withheld") {
    return note(
      "not checked: the pool's metadata does not name this domain, so the secret was not sent",
      "Sign in once: with a wrong secret the error page shows client_rejected",
    );
  }
  if (answer === "unclear") return warning("unknown: the token endpoint gave no clear answer", "Run the doctor again");
  if (config.clientSecrets.length === 0) {
    if (answer === "accepted") return ok("none, and the client has none");
    return fault("missing: this client has a secret", `COGNITO_CLIENT_SECRET: ${CLIENT} → Client secret`);
  }
  const isPublic = (await redeemWithoutSecret()) === "accepted";
  const fix = `Leave COGNITO_CLIENT_SECRET empty, or use a client that has a secret: ${CLIENT} → Client secret`;
  if (answer === "accepted" && isPublic) return warning("not needed: this client has no secret", fix);
  if (answer === "accepted") return ok("accepted");
  if (isPublic) return fault("not allowed: this client has no secret, and Cognito rejects requests with one", fix);
  return fault("rejected", `COGNITO_CLIENT_SECRET: ${CLIENT} → Client secret (all of it, without quotes)`);
}

/** With revocation on, the answer to an unknown token is not documented. So this check never reports a fault. */
async function checkRevocation({ revoke }: Probe) {
  const answer = await revoke();
  const fix = `${CLIENT} → App client information → Edit → Enable token revocation`;
  if (answer === "accepted") return ok("the endpoint accepts tokens");
  if (answer === "rejected") return warning("seems off: the refresh token then stays valid after sign-out", fix);
  return note("unknown", fix);
}

function adviseOnHiddenSettings({ config }: Probe) {
  const members = "EnableTokenRevocation,RefreshTokenRotation,RefreshTokenValidity,AccessTokenValidity,IdTokenValidity";
  const client = `--user-pool-id ${poolId(config)} --client-id ${config.clientId}`;
  return note(
    `the doctor cannot see them. Best: rotation with a grace period of 60 s; access and ID token with the same lifetime, 1 hour or less; refresh token ${config.sessionMaxAge} s, as AUTH_SESSION_MAX_AGE`,
    `aws cognito-idp describe-user-pool-client ${client} --query 'UserPoolClient.[${members},TokenValidityUnits]' (change them in the console: update-user-pool-client resets every setting that you leave out)`,
  );
}
