// The demo's database: a row for each user who ever signed in, and one for the browser of each sign-in.
import "server-only";
import { type Client, createClient, type Row } from "@libsql/client";

/** `iss` and `sub` together identify a user. A username can be given to another person. */
const TABLE = `create table if not exists members (
  issuer text not null,
  subject text not null,
  since integer not null default (unixepoch()),
  last_sign_in integer not null default (unixepoch()),
  closed integer not null default 0,
  primary key (issuer, subject)
)`;

/** `origin_jti` names a sign-in. */
const SIGN_INS = `create table if not exists sign_ins (
  issuer text not null,
  origin_jti text not null,
  browser text not null,
  at integer not null default (unixepoch()),
  primary key (issuer, origin_jti)
)`;
const LONGEST_SESSION_S = 400 * 24 * 3600;

/** Another server may be writing. This is less than the five seconds of the sign-in hook. */
const BUSY_TIMEOUT_MS = 2_000;

interface Member {
  /** In seconds since the epoch. */
  readonly since: number;
  readonly isClosed: boolean;
}

let opening: Promise<Client> | null = null;

/** Opens the database at its first use, so that a build opens none. After a failure the next call tries again. */
function database(): Promise<Client> {
  opening ??= open().catch((error: unknown) => {
    opening = null;
    throw error;
  });
  return opening;
}

async function open(): Promise<Client> {
  const url = process.env.DEMO_DATABASE_URL || "file:members.db";
  const client = createClient({ url, timeout: BUSY_TIMEOUT_MS });
  await client.execute("pragma journal_mode = wal"); // Readers do not wait for a writer.
  await client.batch([TABLE, SIGN_INS]);
  return client;
}

/** Creates the row of a user, or notes the new sign-in. `since` stays, so a second call for one sign-in does no harm. */
export async function saveMember(issuer: string, subject: string): Promise<Member> {
  const client = await database();
  const sql = `insert into members (issuer, subject) values (?, ?)
    on conflict do update set last_sign_in = unixepoch() returning since, closed`;
  const { rows } = await client.execute({ sql, args: [issuer, subject] });
  const [row] = rows;
  if (!row) throw new Error("The database returned no row");
  return readMember(row);
}

/** Keeps the browser of a sign-in, and deletes rows that no session needs any more. */
export async function saveBrowser(issuer: string, originJti: string, browser: string): Promise<void> {
  const client = await database();
  await client.batch([
    {
      sql: "insert into sign_ins (issuer, origin_jti, browser) values (?, ?, ?) on conflict do nothing",
      args: [issuer, originJti, browser],
    },
    { sql: "delete from sign_ins where at < unixepoch() - ?", args: [LONGEST_SESSION_S] },
  ]);
}

/** Returns the browsers of sign-ins, by `origin_jti`. */
export async function findBrowsers(
  issuer: string,
  originJtis: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const client = await database();
  const places = originJtis.map(() => "?").join(", ");
  const sql = `select origin_jti, browser from sign_ins where issuer = ? and origin_jti in (${places})`;
  const { rows } = await client.execute({ sql, args: [issuer, ...originJtis] });
  return new Map(rows.map((row) => [String(row.origin_jti), String(row.browser)]));
}

/** Null for a user whose session is older than the database. */
export async function findMember(issuer: string, subject: string): Promise<Member | null> {
  const client = await database();
  const sql = "select since, closed from members where issuer = ? and subject = ?";
  const { rows } = await client.execute({ sql, args: [issuer, subject] });
  const [row] = rows;
  return row ? readMember(row) : null;
}

function readMember({ since, closed }: Row): Member {
  return { since: Number(since), isClosed: closed !== 0 };
}
