import { type AppName, buildApp } from "./apps";
import { CONNECTIONS, inspect, load, type Measured, type Target } from "./load";
import { fixed, formatSpread, type Part, type Table } from "./report";
import { Server } from "./server";
import { SECRET, Stage } from "./stage";
import { interleave, ratios, spread } from "./statistics";

const EMPTY = "empty middleware, a look at one cookie";
const AGAIN = "the same app again (A/A)";
const KIT = "the kit";
const KIT_SEALED = "the kit, sealed";

const CONTENDERS: Readonly<Record<string, { app: AppName; env?: Readonly<Record<string, string>> }>> = {
  "no auth and no middleware": { app: "no-auth" },
  [EMPTY]: { app: "empty" },
  [AGAIN]: { app: "empty" },
  [KIT]: { app: "kit" },
  [KIT_SEALED]: { app: "kit", env: { AUTH_SECRET: SECRET } },
  "jose in middleware and page": { app: "jose" },
};
const GOAL = 1.05;
const USERS = 50;
const REQUESTS = 300; // In one block: short, so that all contenders see the same weather.
const WARM_UP = 2_000;

const NOTE = `Blocks of ${REQUESTS} requests on ${CONNECTIONS} connections, in turn; the ratio is taken block by block. The kit logs each refusal.`;

type Contenders = ReadonlyMap<string, { readonly server: Server; readonly cookies: readonly string[] }>;
type Measurements = ReadonlyMap<string, readonly Measured[]>;

/** What a request costs the server, whichever way it is guarded. */
export async function runHttp(isQuick: boolean): Promise<Part> {
  for (const { app } of Object.values(CONTENDERS)) await buildApp(app);
  const stage = await Stage.open();
  const contenders = await start(stage);
  try {
    return await measureAll(contenders, stage, isQuick);
  } finally {
    for (const { server } of contenders.values()) await server.stop();
    await stage.cognito.close();
  }
}

async function start(stage: Stage): Promise<Contenders> {
  const contenders = new Map<string, { server: Server; cookies: readonly string[] }>();
  for (const [name, { app, env = {} }] of Object.entries(CONTENDERS)) {
    const cookies = await stage.signInMany(USERS, stage.config(env));
    contenders.set(name, { server: await Server.start(app, { ...stage.env, ...env }), cookies });
  }
  return contenders;
}

async function measureAll(contenders: Contenders, stage: Stage, isQuick: boolean): Promise<Part> {
  const [rounds, fewer] = isQuick ? [4, 2] : [24, 6];
  const measure = (path: string, isSignedIn: boolean, count: number) =>
    interleave([...contenders.keys()], count, async (name) => {
      const { server, target } = aim(contenders, name, path, isSignedIn);
      return load(server, target, REQUESTS);
    });
  for (const name of contenders.keys()) {
    const { server, target } = aim(contenders, name, "/private", true);
    await load(server, target, isQuick ? REQUESTS : WARM_UP);
  }
  stage.cognito.clearRequests();
  const signedIn = await measure("/private", true, rounds);
  const calls = stage.cognito.requests.length;
  const { setCookies, bytes } = await inspectAll(contenders);
  const published = await measure("/", true, fewer);
  const anonymous = await measure("/private", false, fewer);
  const [kit, sealed, again] = [KIT, KIT_SEALED, AGAIN].map((name) => cpuRatio(signedIn, name));
  if (!kit || !sealed || !again) throw new Error("A contender is missing");
  const beside = `A/A ${formatSpread(again, 3)}`;
  return {
    tables: [
      tabulate(`/private, signed in (a page of ${fixed(bytes, 0)} bytes)`, signedIn),
      tabulate("/, a public page, signed in", published),
      tabulate("/private, not signed in: a redirect, or where nothing guards it the page", anonymous),
    ],
    goals: [
      ...[["the kit", kit] as const, ["the kit, sealed", sealed] as const].map(([name, ratio]) => ({
        claim: `/private through ${name}: at most ${GOAL} times the processor time of an empty middleware`,
        found: `${formatSpread(ratio, 3)}; ${beside}`,
        isReached: ratio.median <= GOAL,
      })),
      { claim: "0 network calls for signed-in requests", found: String(calls), isReached: calls === 0 },
      { claim: "0 Set-Cookie for signed-in requests", found: String(setCookies), isReached: setCookies === 0 },
    ],
  };
}

/** That all contenders serve the same page, how large it is, and how many Set-Cookie lines come with it from the kit. */
async function inspectAll(contenders: Contenders) {
  let [setCookies, bytes] = [0, 0];
  for (const name of contenders.keys()) {
    const { server, target } = aim(contenders, name, "/private", true);
    const seen = await inspect(server, target);
    bytes ||= seen.bytes;
    if (Math.abs(seen.bytes - bytes) > bytes / 100) throw new Error(`${name}: ${seen.bytes} bytes, not ${bytes}`);
    if (name.startsWith(KIT)) setCookies += seen.setCookies;
  }
  return { setCookies, bytes };
}

function aim(contenders: Contenders, name: string, path: string, isSignedIn: boolean) {
  const contender = contenders.get(name);
  if (!contender) throw new Error(`No ${name}`);
  const isRefused = !isSignedIn && /kit|jose/.test(name);
  const target: Target = { path, status: isRefused ? 303 : 200, cookies: isSignedIn ? contender.cookies : [] };
  return { server: contender.server, target };
}

function cpuRatio(measurements: Measurements, name: string) {
  const cpu = (of: string) => (measurements.get(of) ?? []).map((measured) => measured.cpu);
  return ratios(cpu(name), cpu(EMPTY));
}

function tabulate(title: string, measurements: Measurements): Table {
  const rows = [...measurements].map(([name, measured]) => {
    const median = (what: keyof Measured, digits: number) =>
      fixed(spread(measured.map((each) => each[what])).median, digits);
    return [
      name,
      median("perSecond", 0),
      median("p50", 1),
      median("p99", 1),
      median("cpu", 3),
      formatSpread(cpuRatio(measurements, name), 3),
    ];
  });
  const head = [
    "",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "CPU ms/request",
    "CPU, times the empty middleware's (quartiles)",
  ];
  return { title, head, rows, notes: [NOTE] };
}
