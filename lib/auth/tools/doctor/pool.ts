import { now } from "../../core/base/clock";
import type { AuthConfig } from "../../core/base/config";
import { asRecord } from "../../core/base/json";
import { readKeys } from "../../core/base/jwks";
import { type Check, fault, ok, type Verdict, warning } from "./check";
import type { Authorization, Probe } from "./probe";

const MAX_SKEW_S = 60;

/** The two hosts of a user pool: the issuer, with the keys, and the domain, with the endpoints. */
export const poolChecks: readonly Check<Probe>[] = [
  { id: "issuer", title: "Issuer answers", run: checkIssuer },
  { id: "metadata", title: "Issuer names itself", needs: ["issuer"], run: checkMetadata },
  { id: "jwks", title: "Keys (JWKS)", needs: ["issuer"], run: checkKeys },
  { id: "pinned_jwks", title: "Pinned keys", needs: ["jwks"], run: checkPin },
  { id: "domain", title: "Domain answers", run: checkDomain },
  { id: "clock", title: "Clock", needs: ["domain"], run: checkClock },
  { id: "domain_pool", title: "Domain and issuer are one pool's", needs: ["metadata", "domain"], run: checkUnity },
];

/** What says nothing about the set-up: no answer to trust, throttling, a firewall, an outage. */
export const isUnclear = (status: number) => status === 403 || status === 429 || status >= 500;

export const unclear = (status: number): Verdict =>
  warning(`could not tell: answered ${status}`, "Run it again later, and from the server itself if this is not it");

export const poolId = ({ issuer }: AuthConfig) => issuer.split("/").pop() ?? "";

async function checkIssuer({ config, metadata }: Probe) {
  const { status, body } = await metadata();
  if (isUnclear(status)) return unclear(status);
  if (status === 200 && typeof asRecord(body).issuer === "string") return ok(config.issuer);
  return fault(
    status ? `answers ${status}: no user pool's metadata` : "does not answer: no such host, no route to it, or no TLS",
    `COGNITO_ISSUER: Cognito console → User pools → your pool → Overview: region and user pool ID; or: aws cognito-idp describe-user-pool --user-pool-id ${poolId(config)}`,
  );
}

async function checkMetadata({ config, metadata }: Probe) {
  const { status, body } = await metadata();
  if (isUnclear(status)) return unclear(status);
  const { issuer } = asRecord(body);
  if (issuer === config.issuer) return ok("its metadata has the same issuer");
  return fault(
    `its metadata says ${printable(issuer)}, and so will the tokens`,
    `Set COGNITO_ISSUER=${printable(issuer)} (a pool's issuer can be switched: Cognito console → your user pool → Overview)`,
  );
}

async function checkKeys({ config, jwks }: Probe) {
  const { status, body } = await jwks();
  if (isUnclear(status)) return unclear(status);
  const keys = status === 200 ? readKeys(body) : new Map();
  if (keys.size > 0) return ok(`${keys.size} usable`);
  return fault("no usable RS256 key", `COGNITO_ISSUER of a user pool has its keys at: curl ${config.jwksUri}`);
}

async function checkPin({ config: { pinnedKeys, jwksUri }, jwks }: Probe) {
  if (!pinnedKeys) return ok("none: keys are fetched, and renewed when they rotate");
  const { status, body } = await jwks();
  if (isUnclear(status)) return unclear(status);
  const live = [...readKeys(body)];
  const mend = `COGNITO_JWKS='<the output of: curl ${jwksUri}>', or leave it empty`;
  if (live.some(([kid, { n, e }]) => pinnedKeys.get(kid)?.n !== n || pinnedKeys.get(kid)?.e !== e)) {
    return fault("COGNITO_JWKS lacks a key that the pool signs with now", mend);
  }
  if (live.length < pinnedKeys.size) return warning("COGNITO_JWKS trusts a key that the pool has given up", mend);
  return ok("the same as the pool's");
}

async function checkDomain({ config, authorize }: Probe) {
  const answer = await authorize();
  if (answer.kind !== "other") return ok(config.domain);
  if (isUnclear(answer.status)) return unclear(answer.status);
  const isIssuer = config.domain === new URL(config.issuer).origin;
  const text = answer.status ? `answers ${answer.status} to an authorization request` : "does not answer";
  const query = "--query 'UserPool.[Domain,CustomDomain]'";
  return fault(
    isIssuer ? "is the issuer's host, not the pool's domain" : text,
    `COGNITO_DOMAIN: Cognito console → your user pool → Branding → Domain (a new one takes minutes, a custom one up to an hour); or: aws cognito-idp describe-user-pool --user-pool-id ${poolId(config)} ${query}`,
  );
}

async function checkClock({ authorize }: Probe) {
  const { date } = await authorize();
  const skew = Math.round(now() - Date.parse(date ?? "") / 1000);
  if (Number.isNaN(skew)) return warning("could not tell: no Date in the answer", "Compare with: date -u");
  if (Math.abs(skew) <= MAX_SKEW_S) return ok(`within ${MAX_SKEW_S} s of Cognito's`);
  const direction = skew < 0 ? "behind" : "ahead of";
  return fault(`${Math.abs(skew)} s ${direction} Cognito's: new tokens look wrong`, "Set it: timedatectl set-ntp true");
}

/** A pool may have two domains, and its metadata names one. Of the same pool are those that know the same client. */
async function checkUnity({ config, namedDomain, authorize, authorizeAt }: Probe) {
  const named = await namedDomain();
  if (named === config.domain) return ok("the metadata names it");
  const [here, there] = [await authorize(), named ? await authorizeAt(named) : null];
  if (knows(here) && knows(there)) {
    return warning(
      `perhaps the pool's second domain: the metadata names ${named}`,
      "Both know the client. Cognito console → your user pool → Branding → Domain lists the pool's own",
    );
  }
  if (knows(there) && here.kind === "error_page") {
    return fault(
      `${config.domain} is another pool's: the client is known at ${named}`,
      `Set COGNITO_DOMAIN=${named}, or COGNITO_ISSUER to that pool's (Cognito console → your user pool → Overview)`,
    );
  }
  if (knows(here) && there?.kind === "error_page") {
    return fault(
      "COGNITO_ISSUER is another pool's: the client belongs to the domain's pool",
      "COGNITO_ISSUER: Cognito console → the user pool of this app client → Overview: region and user pool ID",
    );
  }
  return warning(
    `could not tell: the issuer's metadata names ${named ?? "no domain"}`,
    "Compare both with: Cognito console → your user pool → Branding → Domain, and → Overview",
  );
}

function knows(answer: Authorization | null): boolean {
  return answer?.kind === "login" || answer?.kind === "callback";
}

function printable(value: unknown): string {
  return typeof value === "string" ? value.replace(/[^\w.:/-]/g, "").slice(0, 200) : "nothing";
}
