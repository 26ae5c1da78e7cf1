import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Kit, usePool } from "../../support/kit";

const START = Date.parse("2026-06-01T12:00:00Z");
const NOW = START / 1000;

const pool = usePool();

let kit: Kit;
beforeEach(async () => {
  vi.setSystemTime(START);
  kit = await pool.load();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const at = (seconds: number) => vi.setSystemTime(START + seconds * 1000);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const jarOf = (cookie = "") => new kit.core.CookieJar(new Headers({ cookie }), kit.config());

const signIn = (n: number) => ({ iss: kit.config().issuer, sub: `${n}`, auth_time: NOW });
/** The Cookie header after these sign-ins ended, one each second. */
const ended = async (numbers: readonly number[]) => {
  let header = "";
  for (const [i, n] of numbers.entries()) {
    const jar = jarOf(header);
    await kit.core.ended.markEnded(jar, signIn(n), NOW + 600 + i);
    header = jar.applyToHeader(header);
  }
  return header;
};
const known = async (header: string, numbers: readonly number[]) => {
  const verdicts = await Promise.all(numbers.map((n) => kit.core.ended.hasEnded(jarOf(header), signIn(n))));
  return numbers.filter((_, i) => verdicts[i]);
};
const replaced = (n: number) => ({ signIn: signIn(n), sessionEndsAt: NOW + 900 });

describe("the ended sign-ins that a browser remembers", () => {
  test("CK-15 a browser remembers the five sessions that ended last, each once", async () => {
    const header = await ended([1, 2, 3, 4, 5, 6, 6, 6]);
    expect(await known(header, range(1, 7))).toEqual([2, 3, 4, 5, 6]);
    expect(header.split("; ")).toHaveLength(5);
  });

  test("AT-02 a mark stays valid when the pool starts to send origin_jti after that sign-in", async () => {
    const header = await ended([1]);
    const later = { ...signIn(1), origin_jti: "0f0e0d0c-aaaa-4bbb-8ccc-0123456789ab" };
    expect(await kit.core.ended.hasEnded(jarOf(header), later)).toBe(true);
    expect(await kit.core.ended.hasEnded(jarOf(header), { ...later, auth_time: NOW + 1 })).toBe(false);
  });

  test("CB-19 a replaced session is one of the five", async () => {
    const header = await ended([1, 2, 3, 4, 5]);
    const jar = jarOf(header);
    await kit.core.ended.markStarted(jar, signIn(8), replaced(7));
    expect(await known(jar.applyToHeader(header), range(1, 8))).toEqual([2, 3, 4, 5, 7]);
  });

  test("CB-19 a new sign-in with the key of an ended one is live", async () => {
    const header = await ended([1, 2]);
    const jar = jarOf(header);
    await kit.core.ended.markStarted(jar, signIn(1), replaced(1));
    expect(await known(jar.applyToHeader(header), [1, 2])).toEqual([2]);
  });

  test("AT-02 a sign-in that ends never removes the mark of another", async () => {
    const [one, two] = [jarOf(), jarOf()]; // Two answers to requests that were sent at the same time.
    await kit.core.ended.markEnded(one, signIn(1), NOW + 600);
    await kit.core.ended.markEnded(two, signIn(2), NOW + 600);
    for (const header of [two.applyToHeader(one.applyToHeader("")), one.applyToHeader(two.applyToHeader(""))]) {
      expect(await known(header, [1, 2])).toEqual([1, 2]);
    }
  });
});

test("RF-16 a browser remembers five rejected refresh tokens for ten minutes", async () => {
  let header = "";
  for (const n of range(1, 6)) {
    const jar = jarOf(header);
    await kit.core.ended.markRejected(jar, `refused-${n}`);
    header = jar.applyToHeader(header);
  }
  const spent = async () => {
    const verdicts = range(1, 7).map((n) => kit.core.ended.isRejected(jarOf(header), `refused-${n}`));
    return (await Promise.all(verdicts)).map(Number).join("");
  };
  expect(await spent()).toBe("0111110");
  at(599);
  expect(await spent()).toBe("0111110");
  at(600);
  expect(await spent()).toBe("0000000");
});
