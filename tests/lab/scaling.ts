// npm run scaling: what 10 thousand, 1 million and 100 million daily users ask of Cognito and of a store. It prints the
// tables of lib/auth/docs/scaling.md. Other assumptions, and prices: npm run scaling -- tokenHours=8 readPrice=0.1
import { fileURLToPath } from "node:url";
import { encryptRecord, recordKey } from "../../lib/auth/core/store/record";
import { parseConfig } from "../support/parse-config";

const DAY_S = 24 * 3600;
const DAYS = 30;

/** What one user does, and how the app runs. */
const ASSUMPTIONS = {
  /** Visits of a user in a day, at least a token's lifetime apart. */
  visits: 4,
  /** Page loads in a visit, more than 5 s apart. */
  pageLoads: 10,
  /** Requests of one page load that read the session. */
  requests: 8,
  tokenHours: 1,
  /** AUTH_SESSION_MAX_AGE: a user signs in once in this time. */
  sessionDays: 30,
  /** The busiest second of the day has so many times the average. */
  peak: 4,
  /** Bytes of an access token, an ID token and a refresh token: a user in ten groups. */
  accessToken: 1_297,
  idToken: 1_431,
  refreshToken: 1_784,
  // US dollars: for a monthly active user, a million read or write units, and a GB of storage a month. 0: not known here.
  userPrice: 0,
  readPrice: 0,
  writePrice: 0,
  storagePrice: 0,
};
type Assumptions = typeof ASSUMPTIONS;

/** The sizes of an app: its users in a day, and its servers. */
const SIZES = [
  { name: "10 thousand", users: 1e4, servers: 2 },
  { name: "1 million", users: 1e6, servers: 16 },
  { name: "100 million", users: 1e8, servers: 1_600 },
] as const;

/** Cognito's quotas, in calls a second. All but the first are fixed. */
const QUOTAS = [
  { name: "token calls, by default (can be raised)", calls: 120 },
  { name: "one app client, or one source address", calls: 300 },
  { name: "one domain", calls: 500 },
] as const;

/** What the kit asks of the store, in calls. Counted in lib/auth/core/store. */
const STORE_CALLS = {
  signIn: { reads: 3, recordWrites: 1, indexWrites: 1 }, // The index before and after, and the old record.
  refresh: { reads: 3, recordWrites: 2, indexWrites: 0 }, // The record, the lease, the record again, the new tokens.
};
const INDEX_BYTES = 1_000;

/** Returns the bytes of a stored record, with its key. */
async function weighRecord({ accessToken, idToken, refreshToken }: Assumptions): Promise<number> {
  const config = parseConfig({
    COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
    COGNITO_DOMAIN: "https://auth.example.com",
    COGNITO_CLIENT_ID: "3a1b2c4d5e6f7g8h9i0jklmnop",
    APP_BASE_URL: "https://app.example.com",
    AUTH_SECRET: "k".repeat(32),
  });
  const [at, id] = [1_763_000_000, "i".repeat(43)];
  const text = (length: number) => "t".repeat(length);
  const signIn = { iss: config.issuer, sub: text(36), auth_time: at, nonce: text(43), origin_jti: text(36) };
  const tokens = { accessToken: text(accessToken), idToken: text(idToken), refreshToken: text(refreshToken) };
  const times = { tokenExpiresAt: at, startedAt: at * 1000, refreshedAt: at * 1000, sessionEndsAt: at, expiresAt: at };
  const value = await encryptRecord({ ...tokens, signIn, ...times, lease: null }, id, config);
  return value.length + (await recordKey(id, config)).length;
}

interface Load {
  /** In a day. */
  readonly signIns: number;
  readonly refreshes: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly storageGb: number;
}

function loadOf(users: number, servers: number, a: Assumptions, recordBytes: number): Load {
  const signIns = users / a.sessionDays;
  // A visit finds an expired token, if the token is not longer valid than the time between visits.
  const refreshes = users * Math.min(a.visits, Math.ceil(DAY_S / (a.tokenHours * 3600)));
  // Middleware and routes of each server remember a record for 5 s.
  const readsOfPages = users * a.visits * a.pageLoads * Math.min(2 * a.requests, 2 * servers);
  const [readUnit, writeUnit] = [Math.ceil(recordBytes / 4096), Math.ceil(recordBytes / 1024)];
  const { signIn, refresh } = STORE_CALLS;
  const reads = readsOfPages + signIns * signIn.reads + refreshes * refresh.reads;
  const recordWrites = signIns * signIn.recordWrites + refreshes * refresh.recordWrites;
  const indexWrites = signIns * signIn.indexWrites * Math.ceil(INDEX_BYTES / 1024);
  return {
    signIns,
    refreshes,
    readUnits: reads * readUnit,
    writeUnits: recordWrites * writeUnit + indexWrites,
    storageGb: (users * (recordBytes + INDEX_BYTES)) / 1e9,
  };
}

const show = (value: number) => {
  if (value >= 1e9) return `${round(value / 1e9)} billion`;
  return value >= 1e6 ? `${round(value / 1e6)} million` : round(value);
};
const round = (value: number) => Number(value.toPrecision(value >= 100 ? 3 : 2)).toLocaleString("en");
const dollars = (amount: number, isKnown: boolean) => (isKnown ? `$${show(amount)}` : "no price given");
const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function loadTable(a: Assumptions, recordBytes: number): string {
  const columns = SIZES.map(({ users, servers }) => {
    const load = loadOf(users, servers, a, recordBytes);
    const busiest = (perDay: number) => (perDay / DAY_S) * a.peak;
    const [reads, writes] = [load.readUnits * DAYS, load.writeUnits * DAYS];
    const storeCost = (reads * a.readPrice + writes * a.writePrice) / 1e6 + load.storageGb * a.storagePrice;
    const isPriced = a.readPrice > 0 && a.writePrice > 0 && a.storagePrice > 0;
    return {
      servers,
      "requests with a session, busiest second": busiest(users * a.visits * a.pageLoads * a.requests),
      "sign-ins, busiest second": busiest(load.signIns),
      "token calls, busiest second: one for each expiry": busiest(load.refreshes),
      "the same with cookies, when all requests of a page load find the expiry": busiest(
        load.refreshes * Math.min(servers, a.requests),
      ),
      "DynamoDB read units, busiest second": busiest(load.readUnits),
      "DynamoDB write units, busiest second": busiest(load.writeUnits),
      "DynamoDB read units, a month": reads,
      "DynamoDB write units, a month": writes,
      "stored, in GB": load.storageGb,
      "Cognito, a month": dollars(users * a.userPrice, a.userPrice > 0),
      "DynamoDB, a month": dollars(storeCost, isPriced),
    };
  });
  const [first] = columns;
  const names = Object.keys(first ?? {});
  const cell = (column: object, name: string) => {
    const value: unknown = Reflect.get(column, name);
    return typeof value === "number" ? show(value) : String(value);
  };
  return [
    row("daily users", ...SIZES.map(({ name }) => name)),
    row("---", ...SIZES.map(() => "---:")),
    ...names.map((name) => row(name, ...columns.map((column) => cell(column, name)))),
  ].join("\n");
}

/** The daily users whose busiest second reaches each quota. */
function limitTable(a: Assumptions): string {
  const usersAt = (calls: number, tokenHours: number, callsPerExpiry: number) => {
    const { refreshes } = loadOf(1, 1, { ...a, tokenHours }, 1);
    return show((calls * DAY_S) / (a.peak * refreshes * callsPerExpiry));
  };
  const columns = [
    { title: `cookies, ${a.requests} servers or more, at worst`, tokenHours: a.tokenHours, calls: a.requests },
    { title: "one call for each expiry", tokenHours: a.tokenHours, calls: 1 },
    { title: "the same, with access tokens of 24 hours", tokenHours: 24, calls: 1 },
  ];
  return [
    row("quota of Cognito", "a second", ...columns.map(({ title }) => title)),
    row("---", "---:", ...columns.map(() => "---:")),
    ...QUOTAS.map(({ name, calls }) =>
      row(name, String(calls), ...columns.map((it) => usersAt(calls, it.tokenHours, it.calls))),
    ),
  ].join("\n");
}

/** Returns the tables as Markdown, and the bytes of a record. `changes` replace assumptions. */
export async function createTables(changes: Partial<Assumptions> = {}) {
  const assumptions = { ...ASSUMPTIONS, ...changes };
  const recordBytes = await weighRecord(assumptions);
  return { load: loadTable(assumptions, recordBytes), limits: limitTable(assumptions), recordBytes };
}

/** Reads `name=value` arguments. Throws when one is no assumption. */
export function readChanges(args: readonly string[]): Partial<Assumptions> {
  return Object.fromEntries(
    args.map((arg) => {
      const [name = "", text] = arg.split("=");
      const value = Number(text);
      if (!Object.hasOwn(ASSUMPTIONS, name) || !Number.isFinite(value) || !text) {
        throw new Error(`${arg} must be <name>=<number>, with one of: ${Object.keys(ASSUMPTIONS).join(", ")}`);
      }
      return [name, value];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { load, limits, recordBytes } = await createTables(readChanges(process.argv.slice(2)));
  console.log(`${load}\n\n${limits}\n\nA stored record has ${recordBytes.toLocaleString("en")} bytes.`);
}
