import { describe, expect, test, vi } from "vitest";
import { AuthError } from "@/lib/auth/core/base/errors";
import { guardStore } from "@/lib/auth/core/store/guarded-store";
import { refreshHeld } from "@/lib/auth/core/store/held-refresh";
import { recordKey, type SessionRecord } from "@/lib/auth/core/store/record";
import { Records, type Refresh } from "@/lib/auth/core/store/records";
import type { IssuedTokens } from "@/lib/auth/core/tokens/issued-tokens";
import { TestStore } from "../../support/faulty-store";
import { configOf, factsOf, ID, issue, recordOf, settle } from "../../support/stored";
import { stopTimers, until } from "../../support/time";

// Nothing listens on this port, so a revocation fails at once: the requests are what counts.
const config = configOf({
  COGNITO_DOMAIN: "http://127.0.0.1:9",
  COGNITO_ISSUER: "http://127.0.0.1:9/eu-central-1_Abc123",
});

type Other = (records: Records, found: SessionRecord, version: string) => Promise<unknown>;

/** Refreshes a session that this server has leased. `meanwhile` happens before the answer of Cognito arrives. */
async function refresh(
  answer: () => Promise<IssuedTokens>,
  meanwhile: Other = async () => {},
  store = new TestStore(),
) {
  stopTimers();
  const other = new Records(store.connect());
  const signIn = { iss: config.issuer, sub: "ada" };
  const leased = { ...recordOf("old"), signIn, lease: { holder: "own", until: Date.now() / 1000 + 10 } };
  await other.write(ID, leased, null, config);
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null));
  const request: Refresh["request"] = async () => {
    const found = await other.read(ID, config);
    if (found) await meanwhile(other, found.record, found.version);
    return answer();
  };
  const isFresh = () => false;
  const shared = { records: new Records(guardStore(store)), id: ID, config, isFresh, canSkip: false, request };
  const result = refreshHeld(shared, leased).then(
    ({ accessToken, refreshToken }) => ({ accessToken, refreshToken }),
    (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
  );
  const outcome = await settle(result);
  const revoked = fetched.mock.calls.map(([, init]) => new URLSearchParams(String(init?.body)).get("token"));
  fetched.mockRestore();
  const stored = (await other.read(ID, config))?.record ?? null;
  return { outcome, revoked, stored, store, leased };
}

const succeed = async () => issue("new");
const reject = async () => Promise.reject(new AuthError("grant_rejected"));
const failToAnswer = async () => Promise.reject(new AuthError("token_endpoint_unavailable"));

const refreshElsewhere: Other = (records, found, version) =>
  records.write(
    ID,
    { ...found, accessToken: "access-other", refreshToken: "refresh-other", lease: null },
    version,
    config,
  );
const refreshOnSlowClock: Other = (records, found, version) =>
  refreshElsewhere(records, { ...found, refreshedAt: found.refreshedAt - 5_000 }, version);

test("new tokens are stored, and the lease ends", async () => {
  const { outcome, stored } = await refresh(succeed);
  expect(outcome).toEqual({ accessToken: "access-new", refreshToken: "refresh-new" });
  expect(stored).toMatchObject({ accessToken: "access-new", refreshToken: "refresh-new", lease: null });
});

test("without rotation the refresh token stays", async () => {
  const { stored } = await refresh(async () => issue("new", null));
  expect(stored).toMatchObject({ accessToken: "access-new", refreshToken: "refresh-old" });
});

test("a refresh keeps the start and the end of the session", async () => {
  const { stored, leased } = await refresh(async () => {
    vi.setSystemTime(Date.now() + 3_600_000);
    return issue("new");
  });
  const { startedAt, sessionEndsAt } = leased;
  expect(stored).toMatchObject({ startedAt, sessionEndsAt });
  expect(stored?.refreshedAt).toBeGreaterThan(startedAt + 3_000_000);
});

describe("RF-04 an answer that comes late", () => {
  test.each([
    ["", refreshElsewhere],
    [", also when its clock is 5 s behind", refreshOnSlowClock],
  ])("never replaces the tokens of another server%s", async (_what, meanwhile) => {
    const { outcome, stored, revoked } = await refresh(succeed, meanwhile);
    expect(outcome).toEqual({ accessToken: "access-other", refreshToken: "refresh-other" });
    expect(stored?.refreshToken).toBe("refresh-other");
    expect(revoked).toEqual([]); // Cognito may end the whole sign-in with one refresh token.
  });

  test("that is a rejection leaves the tokens of another server", async () => {
    for (const meanwhile of [refreshElsewhere, refreshOnSlowClock]) {
      const { outcome, stored } = await refresh(reject, meanwhile);
      expect(outcome).toEqual({ accessToken: "access-other", refreshToken: "refresh-other" });
      expect(stored?.refreshToken).toBe("refresh-other");
    }
  });

  test("that is a rejection leaves the session to a server that took the lease over", async () => {
    const { outcome, stored } = await refresh(reject, (records, found, version) =>
      records.write(ID, { ...found, lease: { holder: "other", until: found.tokenExpiresAt } }, version, config),
    );
    expect(outcome).toBe("grant_rejected");
    expect(stored?.lease?.holder).toBe("other");
  });

  test("never takes the lease of another server away after an outage", async () => {
    const { stored } = await refresh(failToAnswer, (records, found, version) =>
      records.write(ID, { ...found, lease: { holder: "other", until: found.tokenExpiresAt } }, version, config),
    );
    expect(stored?.lease?.holder).toBe("other");
  });
});

describe("AT-07 after a sign-out during the refresh", () => {
  const signOut: Other = async (records) => records.endByKey(await recordKey(ID, config), factsOf().sessionEndsAt);

  test("the new refresh token is revoked, and no session comes back", async () => {
    const { outcome, revoked, store } = await refresh(async () => issue("new", "refresh-late"), signOut);
    expect(outcome).toBe("token_invalid");
    expect(revoked).toEqual(["refresh-late"]);
    expect(store.keys("session")).toEqual([]);
  });

  test("no session comes back when the sign-out is between the look and the write", async () => {
    const store = new TestStore();
    const held = store.hold("put", "session");
    const result = refresh(async () => issue("new", "refresh-between"), undefined, store);
    await until(held.isHeld);
    store.entries.clear();
    held.release();
    const { outcome, revoked } = await result;
    expect([outcome, revoked]).toEqual(["token_invalid", ["refresh-between"]]);
    expect(store.keys("session")).toEqual([]);
  });
});

test("a rejection ends the session, and tokens of another user do too", async () => {
  for (const answer of [reject, async () => issue("new", "refresh-new", "grace")]) {
    const { outcome, store } = await refresh(answer);
    expect(outcome).toBe("grant_rejected");
    expect(store.keys("session")).toEqual([]);
  }
});

test("RF-04 a rejection that comes between two writes of another server ends no newer session", async () => {
  const store = new TestStore();
  const held = store.hold("put", "session");
  const result = refresh(reject, undefined, store);
  await until(held.isHeld);
  const other = new Records(store.connect());
  const found = await other.read(ID, config);
  if (found) await refreshElsewhere(other, found.record, found.version);
  held.release();
  expect((await result).stored?.refreshToken).toBe("refresh-other");
});

test("AT-12 after an outage of Cognito the lease ends, so the next request may ask", async () => {
  const { outcome, stored } = await refresh(failToAnswer);
  expect(outcome).toBe("token_endpoint_unavailable");
  expect(stored).toMatchObject({ accessToken: "access-old", lease: { holder: "" } });
  expect(stored?.lease?.until).toBeLessThanOrEqual(Date.now() / 1000);
});

describe("a store that fails while new tokens are stored", () => {
  test.each(["lose", "loseAnswer"] as const)("loses no refresh token (%s)", async (fault) => {
    const store = new TestStore();
    for (const method of ["get", "put"] as const) store[fault](method, "session");
    const { outcome, stored } = await refresh(succeed, undefined, store);
    expect(outcome).toEqual({ accessToken: "access-new", refreshToken: "refresh-new" });
    expect(stored).toMatchObject({ refreshToken: "refresh-new", lease: null });
  });

  test("AT-12 and stays down gives this request its session", async () => {
    const store = new TestStore();
    const { outcome, stored } = await refresh(
      async () => {
        store.breakDown();
        return issue("new");
      },
      undefined,
      store,
    );
    expect(outcome).toEqual({ accessToken: "access-new", refreshToken: "refresh-new" });
    expect(stored?.accessToken).toBe("access-old");
  });
});
