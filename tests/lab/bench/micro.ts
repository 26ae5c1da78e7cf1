import { IRON, KIT, KIT_SEALED, sessionCases } from "./micro-sessions";
import { STORED } from "./micro-stored";
import { JOSE, tokenCases } from "./micro-tokens";
import { fixed, formatSpread, type Goal, type Part, type Table, versionsOf } from "./report";
import { Samples } from "./samples";
import { ratios, spread } from "./statistics";
import { type Case, countVerifications, timeCases } from "./timing";

const PEERS = ["jose", "iron-session", "@auth/core", "@auth0/nextjs-auth0"];
const SAME = 1.05; // The same case twice differs by so much.
const NEW_SESSIONS = 2_500; // More than the kit remembers.

type Times = ReadonlyMap<string, readonly number[]>;

/** One verification and one session, in one process. */
export async function runMicro(isQuick: boolean): Promise<Part> {
  const rounds = isQuick ? 9 : 60;
  const samples = new Samples();
  const issued = await samples.issueMany(NEW_SESSIONS);
  const [byToken, bySession] = [await tokenCases(samples, issued), await sessionCases(samples, issued)];
  for (const each of [...byToken, ...bySession]) await checkMemory(each);
  const [tokens, sessions] = [await timeCases(byToken, rounds), await timeCases(bySession, rounds)];
  return {
    tables: [
      tabulate("Verify one access token (RS256, 2048 bits)", tokens, [JOSE], versionsOf("jose", "aws-jwt-verify")),
      tabulate("Read a session from the Cookie header", sessions, [JOSE, IRON], versionsOf(...PEERS)),
    ],
    goals: [
      compare(sessions, KIT, JOSE, 20),
      compare(sessions, KIT_SEALED, JOSE, 20),
      compare(sessions, KIT, IRON, 10),
      compare(sessions, KIT_SEALED, IRON, 10),
      compareStored(sessions),
    ],
  };
}

/** That a case does what its name says. */
async function checkMemory({ name, prepare }: Case): Promise<void> {
  if (!name.startsWith("the kit")) return;
  const verifications = await countVerifications(await prepare(NEW_SESSIONS));
  const expected = name.includes("remembered") ? 0 : NEW_SESSIONS * (name.includes("ID token") ? 2 : 1);
  if (verifications !== expected) throw new Error(`${name}: ${verifications} signatures checked, not ${expected}`);
}

function tabulate(title: string, times: Times, bases: readonly string[], note: string): Table {
  const rows = [...times].map(([name, values]) => [
    name,
    formatSpread(spread(values), 1),
    ...bases.map((base) => fixed(ratios(times.get(base) ?? [], values).median, 2)),
  ]);
  return {
    title,
    head: ["", "µs (quartiles)", ...bases.map((base) => `times faster than ${base}`)],
    rows,
    notes: [`With ${note}.`],
  };
}

/** A store needs AUTH_SECRET, so the cookies beside it are sealed. */
function compareStored(times: Times): Goal {
  const found = ratios(times.get(STORED) ?? [], times.get(KIT_SEALED) ?? []);
  return {
    claim: "A remembered stored session costs no more than a session in sealed cookies",
    found: `${formatSpread(found, 2)} times as much`,
    isReached: found.median <= SAME,
  };
}

function compare(times: Times, name: string, base: string, wanted: number): Goal {
  const found = ratios(times.get(base) ?? [], times.get(name) ?? []);
  return {
    claim: `${name}: at least ${wanted} times faster than ${base}`,
    found: formatSpread(found, 1),
    isReached: found.median >= wanted,
  };
}
