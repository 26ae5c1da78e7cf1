// The stand-in for Cognito, in a process of its own.
import { type Cognito, type Settings, startCognito } from "../../cognito/index";
import { serve } from "./worker";

const CLIENT = { clientId: "demo", clientSecret: "the-secret-of-a-client-of-all-servers" };

const verbs = { start, authorize, set, hold, clear, takeCalls, countCalls };
export type StandIn = typeof verbs;

let cognito: Cognito;
serve(verbs);

/** Returns the variables of the servers. */
async function start(origin: string, users: number): Promise<Record<string, string>> {
  cognito = await startCognito({
    clients: [{ ...CLIENT, callbackUrls: [`${origin}/auth/callback`], logoutUrls: [origin] }],
    users: Array.from({ length: users }, (_, i) => ({
      username: `user-${i}`,
      email: `user-${i}@example.com`,
      sub: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
      password: "Passw0rd!",
    })),
    settings: { ssoSeconds: 0 },
  });
  return {
    APP_BASE_URL: origin,
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: CLIENT.clientId,
    COGNITO_CLIENT_SECRET: CLIENT.clientSecret,
  };
}

function authorize(url: string, username: string): Promise<string> {
  return cognito.authorize(url, username);
}

function set(settings: Partial<Settings>): void {
  Object.assign(cognito.settings, settings);
}

/** From now on a refresh does its work at once, and is answered late. */
function hold(milliseconds: number): void {
  cognito.fault("token", { answerDelayMs: milliseconds }, { match: { grant_type: "refresh_token" } });
}

function clear(): void {
  cognito.clearFaults();
}

function countCalls(): number {
  return cognito.count("token", ({ params }) => params.grant_type === "refresh_token");
}

/** Returns how many refresh calls came since this was last asked. */
function takeCalls(): number {
  const calls = countCalls();
  cognito.clearRequests();
  return calls;
}
