import type { Cognito, IssueOptions, TokenOverrides } from "./cognito";
import { type Answer, type Exchange, json, oauthError } from "./http";
import type { Pool } from "./pool";
import type { Route } from "./server";
import type { EndpointName, Fault, FaultOptions, Settings } from "./types";

/** A fault or a count that travels as JSON: no functions. */
interface Command {
  do?: string;
  settings?: Partial<Settings>;
  endpoint?: EndpointName;
  fault?: Fault;
  times?: number;
  match?: Extract<FaultOptions["match"], Record<string, string>>;
  keepOld?: boolean;
  token?: string;
  username?: string;
  clientId?: string;
  options?: TokenOverrides & IssueOptions;
}

type Verb = (cognito: Cognito, command: Command) => unknown;

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("incomplete command");
  return value;
}

const verbs: Record<string, Verb> = {
  settings: (cognito, { settings }) => Object.assign(cognito.settings, settings),
  fault: (cognito, { endpoint, fault, times, match }) =>
    cognito.fault(required(endpoint), required(fault), { times, match }),
  clearFaults: (cognito) => cognito.clearFaults(),
  clearRequests: (cognito) => cognito.clearRequests(),
  requests: (cognito) => cognito.requests,
  count: (cognito, { endpoint, match = {} }) =>
    cognito.count(required(endpoint), ({ params }) =>
      Object.entries(match).every(([name, value]) => params[name] === value),
    ),
  rotateKeys: (cognito, { keepOld }) => cognito.rotateKeys({ keepOld }),
  refreshTokenState: (cognito, { token }) => cognito.refreshTokenState(required(token)),
  newestRefreshToken: (cognito, { token }) => cognito.newestRefreshToken(required(token)),
  signIns: (cognito) => cognito.signIns,
  globalSignOut: (cognito, { username }) => cognito.globalSignOut(required(username)),
  issueTokens: (cognito, { username, clientId, options }) =>
    cognito.issueTokens(required(username), required(clientId), options),
  accessTokenFor: (cognito, { username, options }) => cognito.accessTokenFor(required(username), options),
};

/**
 * POST /_control with `{ "do": verb, … }` answers `{ "result": … }`. JSON only: other origins cannot send that type
 * without a preflight, which is refused.
 */
export function createControl(cognito: Cognito): Route {
  const run = async (_: Pool, exchange: Exchange): Promise<Answer> => {
    if (!exchange.headers["content-type"]?.startsWith("application/json")) return oauthError(415, "invalid_request");
    try {
      const command = JSON.parse(exchange.text) as Command;
      const verb = Object.hasOwn(verbs, command.do ?? "") ? verbs[command.do ?? ""] : undefined;
      if (!verb) return oauthError(400, "invalid_request", `verbs: ${Object.keys(verbs).join(", ")}`);
      return json(200, { result: (await verb(cognito, command)) ?? null });
    } catch {
      return oauthError(400, "invalid_request", "incomplete or unreadable command");
    }
  };
  return { name: "control", methods: { POST: run } };
}
