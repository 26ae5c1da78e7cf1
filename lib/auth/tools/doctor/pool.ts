// Checks the user pool: the issuer with its keys, the domain with its endpoints, and that both belong to one pool.
import { now } from "../../core/base/clock";
import type { AuthConfig } from "../../core/base/config";
import { asRecord } from "../../core/base/json";
import { readKeys } from "../../core/base/jwks";
import { type Check, fault, ok, type Verdict, warning } from "./check";
import type { Authorization, Probe } from "./probe";

const MAX_SKEW_S = 60;

export const poolChecks: readonly Check<Probe>[] = [
  { id: "issuer", title: "Issuer answers", run: checkIssuer },
  { id: "metadata", title: "Issuer of the metadata", needs: ["issuer"], run: checkMetadata },
  { id: "jwks", title: "Keys (JWKS)", needs: ["issuer"], run: checkKeys },
  { id: "pinned_jwks", title: "Pinned keys", needs: ["jwks"], run: checkPin },
  { id: "domain", title: "Domain answers", run: checkDomain },
  { id: "clock", title: "Clock", needs: ["domain"], run: checkClock },
  { id: "domain_pool", title: "Domain and issuer: one pool", needs: ["metadata", "domain"], run: checkSamePool },
];

/** Whether a status says nothing about the set-up: throttling, a firewall or an outage. */
export const isUnclear = (status: number) => status === 403 || status === 429 || status >= 500;

export const unclear = (status: number): Verdict =>
  warning(`unknown: answered ${status}`, "Run the doctor again later, or on the server where the app runs");

export const poolId = ({ issuer }: AuthConfig) => issuer.split("/").pop() ?? "";

async function checkIssuer({ config, metadata }: Probe) {
  const { status, body } = await metadata();
  if (isUnclear(status)) return unclear(status);
  if (status === 200 && typeof asRecord(body).issuer === "string") return ok(config.issuer);
  return fault(
    status ? `answers ${status} instead of a user pool's metadata` : "does not answer: wrong host, no route or no TLS",
    `COGNITO_ISSUER: Cognito console → User pools → your pool → Overview: region and user pool ID; or: aws cognito-idp describe-user-pool --user-pool-id ${poolId(config)}`,
  );
}

async function checkMetadata({ config, metadata }: Probe) {
  const { status, body } = await metadata();
  if (isUnclear(status)) return unclear(status);
  const { issuer } = asRecord(body);
  if (issuer === config.issuer) return ok("is COGNITO_ISSUER");
  return fault(
    `is ${printable(issuer)}, and the tokens will have it, too`,
    `Set COGNITO_ISSUER=${printable(issuer)} (a pool's issuer can change: Cognito console → your user pool → Overview)`,
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
  if (!pinnedKeys) return ok("none: the kit fetches the keys");
  const { status, body } = await jwks();
  if (isUnclear(status)) return unclear(status);
  const live = [...readKeys(body)];
  const fix = `COGNITO_JWKS='<the output of: curl ${jwksUri}>', or leave it empty`;
  if (live.some(([kid, { n, e }]) => pinnedKeys.get(kid)?.n !== n || pinnedKeys.get(kid)?.e !== e)) {
    return fault("COGNITO_JWKS lacks a key of the pool", fix);
  }
  if (live.length < pinnedKeys.size) return warning("COGNITO_JWKS has a key that the pool no longer has", fix);
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
    `COGNITO_DOMAIN: Cognito console → your user pool → Branding → Domain (a new domain takes minutes, a custom domain up to an hour); or: aws cognito-idp describe-user-pool --user-pool-id ${poolId(config)} ${query}`,
  );
}

async function checkClock({ authorize }: Probe) {
  const { date } = await authorize();
  const skew = Math.round(now() - Date.parse(date ?? "") / 1000);
  if (Number.isNaN(skew)) return warning("unknown: the answer has no Date", "Compare with: date -u");
  if (Math.abs(skew) <= MAX_SKEW_S) return ok(`within ${MAX_SKEW_S} s of Cognito's`);
  const direction = skew < 0 ? "behind" : "ahead of";
  return fault(
    `${Math.abs(skew)} s ${direction} Cognito's: the kit rejects new tokens`,
    "Set the clock: timedatectl set-ntp true",
  );
}

/** A pool may have two domains, and its metadata names one. Two domains that know the same client are of one pool. */
async function checkSamePool({ config, namedDomain, authorize, authorizeAt }: Probe) {
  const named = await namedDomain();
  if (named === config.domain) return ok("the metadata names it");
  const here = await authorize();
  const there = named ? await authorizeAt(named) : null;
  if (knowsClient(here) && knowsClient(there)) {
    return warning(
      `perhaps the pool's second domain: the metadata names ${named}`,
      "Both know the client. Cognito console → your user pool → Branding → Domain lists the pool's own",
    );
  }
  if (knowsClient(there) && here.kind === "error_page") {
    return fault(
      `${config.domain} belongs to another pool: the client is known at ${named}`,
      `Set COGNITO_DOMAIN=${named}, or COGNITO_ISSUER to that pool's (Cognito console → your user pool → Overview)`,
    );
  }
  if (knowsClient(here) && there?.kind === "error_page") {
    return fault(
      "COGNITO_ISSUER is another pool: the client belongs to the pool of COGNITO_DOMAIN",
      "COGNITO_ISSUER: Cognito console → the user pool of this app client → Overview: region and user pool ID",
    );
  }
  return warning(
    `unknown: the issuer's metadata names ${named ?? "no domain"}`,
    "Compare both with: Cognito console → your user pool → Branding → Domain, and → Overview",
  );
}

function knowsClient(answer: Authorization | null): boolean {
  return answer?.kind === "login" || answer?.kind === "callback";
}

function printable(value: unknown): string {
  return typeof value === "string" ? value.replace(/[^\w.:/-]/g, "").slice(0, 200) : "nothing";
}
