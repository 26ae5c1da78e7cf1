import { type Cognito, type RecordedRequest, startCognito } from "../../cognito/index";
import { findFreePort } from "../../e2e/support/ports";
import { startFaultProxy } from "../../extras/stores/fault-proxy";
import type { Database } from "../fleet/database";
import { startWorker } from "../fleet/worker";
import { sharedAgent } from "./browser";
import { Instance, launchNext } from "./instance";
import { RoundRobin } from "./proxy";

/** Two servers that know nothing of each other, what stands in front of them, and the stand-in that they ask. */
export interface Fleet {
  readonly baseUrl: string;
  readonly cognito: Cognito;
  readonly instances: readonly [Instance, Instance];
  readonly proxy: RoundRobin;
  /** What makes the store fail. Null: sessions are in cookies. */
  readonly store: StoreFaults | null;
  /** What befell it, at which milliseconds. */
  readonly log: { readonly at: number; readonly what: string }[];
  /** Milliseconds: until then a 503 may be because of the keys. */
  keysTroubledUntil: number;
  /** The refresh calls since this was last asked. */
  takeRefreshCalls(): readonly RecordedRequest[];
  close(): Promise<void>;
}

type StoreFaults = Awaited<ReturnType<typeof startFaultProxy>>;

/** The kit refreshes within the last 60 s of an access token: with these, about every 8 s. */
export const TOKEN_SECONDS = 68;
const COLLECT_MS = 500;

export async function startFleet(users: number, isStored = false): Promise<Fleet> {
  const database = isStored ? await startDatabase() : null;
  const cognito = await startCognito({
    clients: [],
    users: Array.from({ length: users }, (_, i) => createUser(i)),
    // A login page that remembers the user would heal a lost session before anybody sees it.
    settings: { ssoSeconds: 0, rotation: true, accessTokenSeconds: TOKEN_SECONDS, idTokenSeconds: TOKEN_SECONDS },
  });
  const proxy = await RoundRobin.start();
  const baseUrl = `http://localhost:${proxy.port}`;
  const client = { clientId: "demo", clientSecret: "the-secret-of-a-client-of-both-servers" };
  cognito.clients.push({ ...client, callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] });
  const env = {
    APP_BASE_URL: baseUrl,
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: client.clientId,
    COGNITO_CLIENT_SECRET: client.clientSecret,
    ...(database && { FLEET_STORE: database.store.url, AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes" }),
  };
  const launch = launchNext(isStored ? "stored" : "middleware");
  const create = async () => new Instance(await findFreePort(), env, launch);
  const instances = [await create(), await create()] as const;
  for (const { port } of instances) proxy.add(port);
  const { take, stop } = collectRefreshCalls(cognito, database?.store ?? null);
  const close = async () => {
    stop();
    await Promise.all([...instances.map((instance) => instance.close()), proxy.close(), cognito.close()]);
    await database?.close();
    sharedAgent.destroy();
  };
  try {
    await Promise.all(instances.map((instance) => instance.start()));
  } catch (error) {
    await close();
    throw error;
  }
  const store = database?.store ?? null;
  return { baseUrl, cognito, instances, proxy, store, log: [], keysTroubledUntil: 0, takeRefreshCalls: take, close };
}

/** DynamoDB, and a proxy before it. */
async function startDatabase() {
  const worker = startWorker<Database>("./database.ts");
  const store = await startFaultProxy(await worker.call("start"));
  const close = async () => {
    await store.stop();
    await worker.close();
  };
  return { store, close };
}

function createUser(index: number) {
  const username = `user-${index}`;
  const email = `${username}@example.com`;
  const sub = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
  return { username, email, sub, password: "Passw0rd!", emailVerified: true, groups: ["editors"] };
}

/** The stand-in remembers a bounded number of requests; a run makes more. */
function collectRefreshCalls(cognito: Cognito, store: StoreFaults | null) {
  const calls: RecordedRequest[] = [];
  const collect = () => {
    const requests = cognito.requests.splice(0);
    store?.received.splice(0);
    calls.push(...requests.filter(({ params }) => params.grant_type === "refresh_token"));
  };
  const timer = setInterval(collect, COLLECT_MS);
  const take = () => {
    collect();
    return calls.splice(0);
  };
  return { take, stop: () => clearInterval(timer) };
}
