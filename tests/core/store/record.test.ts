import { describe, expect, test } from "vitest";
import {
  createRecord,
  decryptRecord,
  encryptRecord,
  movedId,
  recordKey,
  type SessionRecord,
} from "@/lib/auth/core/store/record";
import { configOf, factsOf, ID, issue, OTHER_SECRET, recordOf, SECRET } from "../../support/stored";

const OTHER_ID = "j".repeat(43);
const OTHER_POOL = { COGNITO_ISSUER: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Xyz789" };
const OTHER_CLIENT = { COGNITO_CLIENT_ID: "other1234567890abcdefghij" };

/** Encrypts any JSON as a record. */
const encryptAny = (value: object) => encryptRecord(Object.assign(recordOf("a"), value), ID, configOf());

describe("NW-08 a record", () => {
  test("opens with its id and AUTH_SECRET, and with nothing else", async () => {
    const record = recordOf("a");
    const value = await encryptRecord(record, ID, configOf());
    expect(await decryptRecord(value, ID, configOf())).toEqual(record);
    expect(await decryptRecord(value, OTHER_ID, configOf())).toBeNull();
    for (const env of [{ AUTH_SECRET: OTHER_SECRET }, OTHER_POOL, OTHER_CLIENT]) {
      expect(await decryptRecord(value, ID, configOf(env))).toBeNull();
    }
  });

  test("of the old AUTH_SECRET opens beside the new one", async () => {
    const record = recordOf("a");
    const value = await encryptRecord(record, ID, configOf());
    const config = configOf({ AUTH_SECRET: `${OTHER_SECRET},${SECRET}` });
    expect(await decryptRecord(value, ID, config)).toEqual(record);
    const rewritten = await encryptRecord(recordOf("a"), ID, config);
    expect(await decryptRecord(rewritten, ID, configOf({ AUTH_SECRET: OTHER_SECRET }))).not.toBeNull();
  });

  test("is another text each time, and shows nothing of its contents", async () => {
    const [one, two] = [
      await encryptRecord(recordOf("a"), ID, configOf()),
      await encryptRecord(recordOf("a"), ID, configOf()),
    ];
    expect(one).not.toBe(two);
    for (const text of ["access", "ada", ID])
      expect(one + atob(one.split(".")[1]?.replace(/[-_]/g, "A") ?? "")).not.toContain(text);
  });

  test("that one bit changes is no record", async () => {
    const value = await encryptRecord(recordOf("a"), ID, configOf());
    for (const at of [0, 5, value.indexOf(".") + 3, value.length - 5]) {
      const changed = value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1);
      expect(await decryptRecord(changed, ID, configOf())).toBeNull();
    }
    for (const text of ["", ".", "ended", "a.b", "%%.%%", `${value}.x`.slice(5)]) {
      expect(await decryptRecord(text, ID, configOf())).toBeNull();
    }
  });

  test("has 300 kB and opens again", async () => {
    const record: SessionRecord = { ...recordOf("a"), idToken: "x".repeat(224_000) };
    const value = await encryptRecord(record, ID, configOf());
    expect(value.length).toBeGreaterThan(299_000);
    expect(await decryptRecord(value, ID, configOf())).toEqual(record);
  });

  test.each<[string, object]>([
    ["no access token", { accessToken: 1 }],
    ["an ID token that is no text", { idToken: 1 }],
    ["a refresh token that is no text", { refreshToken: {} }],
    ["no sign-in", { signIn: null }],
    ["a sign-in of another pool", { signIn: { iss: OTHER_POOL.COGNITO_ISSUER, sub: "ada" } }],
    ["a sign-in without a user", { signIn: { iss: configOf().issuer } }],
    ["a time that is no number", { refreshedAt: "1" }],
    ["no end", { expiresAt: null }],
  ])("of another version with %s is no record", async (_what, change) => {
    expect(await decryptRecord(await encryptAny({}), ID, configOf())).not.toBeNull();
    expect(await decryptRecord(await encryptAny(change), ID, configOf())).toBeNull();
  });

  test("with a lease in another form has none", async () => {
    const read = async (lease: unknown) => (await decryptRecord(await encryptAny({ lease }), ID, configOf()))?.lease;
    expect(await read({ holder: "h", until: 1 })).toEqual({ holder: "h", until: 1 });
    for (const lease of [null, "h", { holder: "h" }, { until: 1 }, { holder: 1, until: 1 }])
      expect(await read(lease)).toBeNull();
  });
});

describe("NW-06 the key of a record", () => {
  test("does not contain the id, and differs for each id, pool and client", async () => {
    const keys = [
      await recordKey(ID, configOf()),
      await recordKey(OTHER_ID, configOf()),
      await recordKey(ID, configOf(OTHER_POOL)),
      await recordKey(ID, configOf(OTHER_CLIENT)),
    ];
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^session\.[\w-]{22}\.[\w-]{43}$/);
    expect(keys.join()).not.toContain(ID);
  });

  test("NW-08 of a session that moves from cookies needs the secret, and is the same on every server", async () => {
    const id = await movedId("refresh", configOf());
    expect(id).toMatch(/^[\w-]{43}$/);
    expect(await movedId("refresh", configOf())).toBe(id);
    expect(await movedId("refresh", configOf({ AUTH_SECRET: OTHER_SECRET }))).not.toBe(id);
    expect(await movedId("refresh2", configOf())).not.toBe(id);
    expect(await movedId("refresh", configOf(OTHER_POOL))).not.toBe(id);
  });
});

describe("a session ends", () => {
  const end = (refreshToken: string | null, env: Record<string, string> = {}) => {
    const facts = factsOf();
    const { tokenExpiresAt, expiresAt } = createRecord(issue("a", refreshToken), facts, 0, configOf(env));
    return { token: tokenExpiresAt - expiresAt, session: facts.sessionEndsAt - expiresAt };
  };

  test("with its access token, when it has no refresh token", () => expect(end(null).token).toBe(0));
  test("at the end that the sign-in set", () => expect(end("r").session).toBe(0));
  test("after the idle time of the last access token", () => {
    expect(end("r", { AUTH_SESSION_IDLE: "600" }).token).toBe(-600);
  });
});
