import { fixed, type Goal, type Part, type Table } from "../bench/report";
import { quantile } from "../bench/statistics";
import { type Found, isRefused, type LastMinute, type Row } from "./expiry";
import type { Interruption } from "./faults";
import type { Kind } from "./site";
import { PAGE_LOAD } from "./user";

const KINDS: Readonly<Record<Kind, string>> = { light: "light", next: "next start" };

const NOTES = [
  `A page load is ${PAGE_LOAD} requests at once with an expired access token. The proxy sends them to the servers in turn.`,
  "next start: the whole app in Next, with middleware.ts. light: the kit's routes on Node's HTTP server, without Next.",
  "wait: from request to response at the 99th percentile. usual: the same page load with a valid token.",
  "store calls: requests to DynamoDB (dynalite) for each request of the page load; a server remembers a record for 5 s. usual: in six page loads with a valid token, one after the other.",
  "With rotation and no grace, cookie sessions of several servers lose requests: only one server gets new tokens.",
];

/** Returns the tables, and the promises of sessions in a store with what was found. */
export function describeFleet(found: readonly Found[], interruptions: readonly Interruption[]): Part {
  const rows = found.flatMap((it) => it.rows);
  const lastMinutes = found.flatMap((it) => it.lastMinutes);
  const tables = [tabulateRows(rows), tabulateLastMinutes(lastMinutes)];
  if (interruptions.length > 0) tables.push(tabulateInterruptions(interruptions));
  return { tables, goals: [...goalsOf(rows), ...lastMinuteGoals(lastMinutes), ...interruptionGoals(interruptions)] };
}

function tabulateRows(rows: readonly Row[]): Table {
  return {
    title: "One expiry",
    head: ["sessions", "servers", "kind", "token calls", "refused", "wait, ms", "usual, ms", "store calls", "usual"],
    rows: rows.map(({ mode, size, kind, calls, outcomes, usual, storeCalls, isStored }) => [
      mode,
      String(size),
      KINDS[kind],
      rangeOf(calls),
      `${outcomes.filter(isRefused).length} of ${outcomes.length}`,
      waitOf(outcomes),
      waitOf(usual),
      isStored ? fixed(storeCalls.atExpiry, 2) : "-",
      isStored ? fixed(storeCalls.usual, 2) : "-",
    ]),
    notes: NOTES,
  };
}

function tabulateLastMinutes(lastMinutes: readonly LastMinute[]): Table {
  return {
    title: "A page load in the last minute of the access token, with a store",
    head: ["servers", "kind", "token calls", "refused", "wait for Cognito"],
    rows: lastMinutes.map(({ size, kind, calls, refused, waited }) => [
      String(size),
      KINDS[kind],
      String(calls),
      String(refused),
      String(waited),
    ]),
    notes: ["wait for Cognito: of the page load, the requests that were answered after Cognito's late answer."],
  };
}

function tabulateInterruptions(interruptions: readonly Interruption[]): Table {
  return {
    title: "The server with the lease dies or stands still for 15 s, with a store",
    head: ["", "servers", "kind", "token calls", "refused", "longest wait, ms", "next expiry: calls", "refused"],
    rows: interruptions.map(({ name, size, kind, calls, refused, longestMs, next }) => [
      name,
      String(size),
      KINDS[kind],
      String(calls),
      String(refused),
      fixed(longestMs, 0),
      String(next.calls),
      String(next.refused),
    ]),
    notes: [
      "A request whose server died was sent again.",
      "* Without grace the only good refresh token dies with the server: no kit can help. This row is no promise.",
    ],
  };
}

function goalsOf(rows: readonly Row[]): readonly Goal[] {
  const stored = rows.filter(({ isStored }) => isStored);
  const mostCalls = Math.max(...stored.flatMap(({ calls }) => calls));
  const fewestCalls = Math.min(...stored.flatMap(({ calls }) => calls));
  const refused = stored.flatMap(({ outcomes }) => outcomes.filter(isRefused)).length;
  const single = rows.filter(({ isStored, size }) => !isStored && size === 1);
  const mostOfOne = Math.max(0, ...single.flatMap(({ calls }) => calls));
  return [
    {
      claim: "With a store each expiry costs one token call at every size",
      found: `${fewestCalls} to ${mostCalls}`,
      isReached: fewestCalls === 1 && mostCalls === 1,
    },
    { claim: "With a store no request is refused", found: `${refused} refused`, isReached: refused === 0 },
    {
      claim: "In cookies each expiry costs one token call for each process",
      found: single.length > 0 ? `at most ${mostOfOne} with 1 server` : "no size 1",
      isReached: mostOfOne <= 1,
    },
  ];
}

function lastMinuteGoals(lastMinutes: readonly LastMinute[]): readonly Goal[] {
  const isOne = ({ calls, refused }: LastMinute) => calls === 1 && refused === 0;
  const waited = lastMinutes.map((it) => it.waited);
  return [
    {
      claim: "In the last minute of a token the fleet makes one token call, and refuses nobody",
      found: rangeOf(lastMinutes.map(({ calls }) => calls)),
      isReached: lastMinutes.every(isOne),
    },
    {
      claim: "In the last minute of a token only the request that refreshes waits",
      found: `${rangeOf(waited)} of ${PAGE_LOAD} wait`,
      isReached: waited.every((it) => it <= 1),
    },
  ];
}

function interruptionGoals(interruptions: readonly Interruption[]): readonly Goal[] {
  const promised = interruptions.filter(({ isExcused }) => !isExcused);
  return promised.map(({ name, calls, refused, next }) => ({
    claim: `${name}: at most two token calls, nobody refused, and one call at the next expiry`,
    found: `${calls}, ${refused} refused, then ${next.calls}, ${next.refused} refused`,
    isReached: calls <= 2 && refused === 0 && next.calls === 1 && next.refused === 0,
  }));
}

function rangeOf(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? String(least) : `${least} to ${most}`;
}

function waitOf(outcomes: Row["outcomes"]): string {
  return fixed(
    quantile(
      outcomes.map(({ milliseconds }) => milliseconds),
      0.99,
    ),
    0,
  );
}
