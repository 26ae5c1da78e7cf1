import { type Check, fault, note, ok, warning } from "./check";
import { isUnclear, poolId, unclear } from "./pool";
import type { Probe } from "./probe";

const CLIENT = "Cognito console → your user pool → App clients → your client";
const LOGIN_PAGES = `${CLIENT} → Login pages → Edit`;

/** The app client's settings, as far as they show from outside. */
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

/**
 * Cognito refuses a wrong client id, a wrong URL and a wrong secret with the same words. One answer that accepts the
 * client tells them apart. The secret is sent here for the first time, and only to the domain that the pool names.
 */
async function checkClient(probe: Probe) {
  const authorization = await probe.authorize();
  const signOut = await probe.signOut();
  const isKnown = authorization.kind === "login" || authorization.kind === "callback" || isSignedOut(probe, signOut);
  if (isKnown || (await probe.redeem()) === "accepted") return ok(probe.config.clientId);
  if (authorization.kind === "other") return unclear(authorization.status);
  if ((await probe.redeem()) === "unclear") return warning("could not tell: no clear answer", "Run it again later");
  return fault(
    "not a client of this user pool (or callback URL, sign-out URL and secret are all wrong)",
    `COGNITO_CLIENT_ID, or if that is right APP_BASE_URL and COGNITO_CLIENT_SECRET: Cognito console → your user pool → App clients → Client ID; or: aws cognito-idp list-user-pool-clients --user-pool-id ${poolId(probe.config)}`,
  );
}

async function checkCallbackUrl({ config, authorize }: Probe) {
  const answer = await authorize();
  if (answer.kind === "login" || answer.kind === "callback") return ok(config.redirectUri);
  if (answer.kind === "other") return unclear(answer.status);
  const mend = `${LOGIN_PAGES} → Allowed callback URLs: add ${config.redirectUri} to the letter (or mend APP_BASE_URL)`;
  if (answer.error === "redirect_mismatch") return fault(`${config.redirectUri} is not registered`, mend);
  return warning(`could not tell: Cognito's error page says "${answer.error}"`, mend);
}

async function checkGrant({ authorize }: Probe) {
  const answer = await authorize();
  if (answer.kind === "callback" && answer.error === "unauthorized_client") {
    return fault("not allowed for this client", `${LOGIN_PAGES} → OAuth grant types: Authorization code grant`);
  }
  return ok(answer.kind === "login" ? "allowed" : "not refused");
}

async function checkScopes(probe: Probe) {
  const answer = await probe.authorize();
  if (answer.kind === "login") return ok(probe.config.scope);
  const error = answer.kind === "callback" ? answer.error : "no login page";
  const mend = `${LOGIN_PAGES} → OpenID Connect scopes, Custom scopes: allow them, or take them out of COGNITO_SCOPE`;
  if (error !== "invalid_scope") return warning(`could not tell: ${error}`, mend);
  return fault(`not allowed for this client: ${await findRefusedScopes(probe)}`, mend);
}

async function findRefusedScopes({ config, authorizeScope }: Probe): Promise<string> {
  const isRefused = async (scope: string) => {
    const answer = await authorizeScope(scope);
    return answer.kind === "callback" && answer.error === "invalid_scope";
  };
  if (await isRefused("openid")) return "openid";
  const refused: string[] = [];
  for (const scope of config.scope.split(" ")) if (await isRefused(`openid ${scope}`)) refused.push(scope);
  return refused.join(" ") || config.scope;
}

async function checkLoginPage({ authorize, open }: Probe) {
  const answer = await authorize();
  const page = answer.kind === "login" ? await open(answer.location) : null;
  const isShown = page && page.status >= 200 && page.status < 400 && !/^[^?]*\/error(\?|$)/.test(page.location ?? "");
  if (isShown) return ok("is shown");
  return warning(
    page ? `answers ${page.status}` : "could not tell: not reached",
    "Cognito console → your user pool → Branding → Managed login → Styles: a client that was not made in the console has no style, and without one no pages",
  );
}

/** Where Cognito goes instead is not documented: to its error page, or its login page. */
async function checkSignOutUrl(probe: Probe) {
  const answer = await probe.signOut();
  const { baseUrl } = probe.config;
  if (isSignedOut(probe, answer)) return ok(baseUrl);
  const isElsewhere = answer.location !== null && !/^[^?]*\/(error|login)(\?|$)/.test(answer.location);
  if (answer.status === 0 || isUnclear(answer.status) || isElsewhere) return unclear(answer.status);
  return fault(
    `${baseUrl} is not registered`,
    `${LOGIN_PAGES} → Allowed sign-out URLs: add ${baseUrl} to the letter, without a slash at the end`,
  );
}

function isSignedOut({ config }: Probe, { location }: { location: string | null }): boolean {
  return location === config.baseUrl || location === `${config.baseUrl}/`;
}

async function checkSecret({ config, redeem, redeemWithoutSecret }: Probe) {
  const answer = await redeem();
  if (answer === "withheld") {
    return note(
      "not tried: the pool's metadata does not name this domain, so the secret was not sent",
      "Sign in once: a wrong secret ends on the error page with client_rejected",
    );
  }
  if (answer === "unclear") return warning("could not tell: the token endpoint gave no clear answer", "Run it again");
  if (config.clientSecrets.length === 0) {
    if (answer === "accepted") return ok("none, and none is asked for");
    return fault("missing: this client has one", `COGNITO_CLIENT_SECRET: ${CLIENT} → Client secret`);
  }
  const isPublic = (await redeemWithoutSecret()) === "accepted";
  const mend = `Leave COGNITO_CLIENT_SECRET empty, or take a client that has one: ${CLIENT} → Client secret`;
  if (answer === "accepted") return isPublic ? warning("not needed: this client has none", mend) : ok("accepted");
  if (isPublic) return fault("superfluous: this client has none, and is refused with one", mend);
  return fault("refused", `COGNITO_CLIENT_SECRET: ${CLIENT} → Client secret (of this client, whole, without quotes)`);
}

/** Whether a token that never was is refused with revocation on is not documented: no fault, then. */
async function checkRevocation({ revoke }: Probe) {
  const answer = await revoke();
  const mend = `${CLIENT} → App client information → Edit → Enable token revocation`;
  if (answer === "accepted") return ok("the endpoint takes tokens");
  if (answer === "rejected") return warning("seems off: sign-out then leaves the refresh token alive", mend);
  return note("could not tell", mend);
}

function adviseOnHiddenSettings({ config }: Probe) {
  const members = "EnableTokenRevocation,RefreshTokenRotation,RefreshTokenValidity,AccessTokenValidity,IdTokenValidity";
  const client = `--user-pool-id ${poolId(config)} --client-id ${config.clientId}`;
  return note(
    `cannot be seen from here. Best: rotation with 60 s grace, access and ID token alike (1 hour or less), refresh token ${config.sessionMaxAge} s as AUTH_SESSION_MAX_AGE`,
    `aws cognito-idp describe-user-pool-client ${client} --query 'UserPoolClient.[${members},TokenValidityUnits]' (change them in the console: update-user-pool-client resets what it is not given)`,
  );
}
