import { setTimeout as delay } from "node:timers/promises";
import { DOCUMENT, FETCH } from "../../e2e/support/raw";
import { type Answer, Browser, PATIENCE_MS } from "./browser";
import type { Fleet } from "./fleet";
import type { Tally } from "./tally";
import { Trace } from "./trace";

export interface Visit {
  readonly abortAfterMs?: number | undefined;
  /** What the Cookie header was when the request left, if it was long on its way. */
  readonly cookie?: string | undefined;
}

type Claims = Readonly<Record<string, unknown>>;

const REFRESH_AHEAD_S = 61; // The kit's 60, and one for a request on its way.
const GOOD_S = 5;
const MAX_REDIRECTS = 10;
const MAX_SIGN_INS = 20;
const ROLL_ATTEMPTS = 5;
const OUTAGE = /^\/auth\/error\?code=(store|keys)_unavailable&/;
const EXPECTED = [0, 200, 303, 307, 401, 502, 503];

/** One user in one browser, who notices when the session is gone. */
export class Session {
  readonly username: string;
  readonly browser: Browser;
  /** How long the user waits for an answer before clicking again. */
  patienceMs = PATIENCE_MS;
  readonly #fleet: Fleet;
  readonly #tally: Tally;
  readonly #trace: Trace;
  #signIn: Claims | null = null;
  #signIns = 0;
  readonly #received = new Set<string>();

  constructor(username: string, fleet: Fleet, tally: Tally) {
    this.username = username;
    this.browser = new Browser(fleet.baseUrl);
    this.#fleet = fleet;
    this.#tally = tally;
    this.#trace = new Trace(fleet);
  }

  get isLost(): boolean {
    return this.#signIn === null;
  }

  /** Whoever is lost again and again tells nothing new. */
  get isGivenUp(): boolean {
    return this.isLost && this.#signIns > MAX_SIGN_INS;
  }

  /** Whether the next request makes the kit refresh. */
  get isDue(): boolean {
    if (this.#fleet.store) return false; // The browser has no token that could be lost.
    return this.#secondsLeft() < REFRESH_AHEAD_S;
  }

  get refreshToken(): string {
    return this.#tokenOf(this.browser.cookieHeader);
  }

  /** The refresh token that a Cookie header brings. With a store: the newest that Cognito gave to the session. */
  #tokenOf(cookieHeader: string): string {
    if (!this.#fleet.store) return readRefreshToken(cookieHeader);
    return this.#fleet.cognito.newestRefreshToken(String(this.#signIn?.origin_jti)) ?? "";
  }

  /** As if an hour had passed: access and ID cookie end with their tokens. */
  oversleep(): void {
    this.#trace.add("sleeps until the access token has expired");
    this.browser.forget((name) => /^auth\.(access|id)$/.test(name));
  }

  /** In an empty browser. */
  async signIn(): Promise<void> {
    this.#signIn = null;
    this.#signIns += 1;
    if (this.isGivenUp) return;
    const { cognito, baseUrl } = this.#fleet;
    for (let attempt = 0; attempt < 20 && !this.#signIn; attempt += 1) {
      if (attempt > 0) await delay(300);
      this.browser.forget(() => true);
      const login = await this.browser.send("/auth/login?returnTo=/dashboard", { headers: DOCUMENT });
      if (!login.location?.startsWith(cognito.domain)) continue;
      const callback = await cognito.authorize(login.location, this.username);
      const headers = { ...DOCUMENT, "sec-fetch-site": "cross-site" };
      await this.browser.send(callback.slice(baseUrl.length), { headers });
      this.#signIn = this.#claims();
    }
    if (!this.#signIn) throw new Error(`${this.username} cannot sign in`);
    this.#received.add(this.refreshToken);
    this.#trace.clear();
  }

  /** Whoever was lost without noticing notices now: nothing but the refresh token is left to come in with. */
  async answerRoll(): Promise<void> {
    for (let attempt = 0; attempt < ROLL_ATTEMPTS && !this.isLost; attempt += 1) {
      if (attempt > 0) await delay(1_000);
      this.oversleep();
      if ((await this.visit()) === 200) return;
    }
    if (!this.isLost) this.#tally.odd.push(`${this.username} could not come back\n${this.#trace}`);
  }

  /** Loads a page, and follows redirects as far as they lead in the app. Returns the last status. */
  async visit(visit: Visit = {}): Promise<number> {
    let answer = await this.#send("/dashboard", DOCUMENT, visit);
    for (let hop = 0; answer.location; hop += 1) {
      // Middleware knows the session or the key, and the page does not: a page has no 503, so it shows the error page.
      if (this.#fleet.store && OUTAGE.test(answer.location)) return 503;
      const end = hop < MAX_REDIRECTS ? this.#deadEnd(answer.location) : "was redirected for ever";
      if (end) this.#lose(end);
      if (end) return answer.status;
      const { pathname, search } = new URL(answer.location, this.#fleet.baseUrl);
      answer = await this.#send(pathname + search, DOCUMENT);
    }
    if (answer.isWhole && answer.status === 200 && !answer.body.includes(`>${this.username}<`)) {
      const [, title = answer.body.slice(0, 200)] = /<h1[^>]*>([^<]*)/.exec(answer.body) ?? [];
      this.#tally.odd.push(`${this.username} got a page without its user: ${title}\n${this.#trace}`);
    }
    return answer.status;
  }

  /** Where nobody may end whose session Cognito would refresh. */
  #deadEnd(location: string): string | null {
    if (location.startsWith(`${this.#fleet.cognito.domain}/`)) return "reached the login page";
    const { pathname, search } = new URL(location, this.#fleet.baseUrl);
    return pathname === "/auth/error" ? `reached ${pathname}${search}` : null;
  }

  /** Asks the API; refused, the page goes to sign-in, which tells whether the session is really gone. */
  async fetchMe(visit: Visit = {}): Promise<void> {
    const { status, body, isWhole } = await this.#send("/api/me", FETCH, visit);
    if (status === 401) await this.visit();
    if (isWhole && status === 200 && !body.includes(`"${this.username}"`)) {
      this.#tally.odd.push(`${this.username} got another user from the API\n${this.#trace}`);
    }
  }

  async #send(path: string, headers: Readonly<Record<string, string>>, visit: Visit = {}): Promise<Answer> {
    const cookie = visit.cookie ?? this.browser.cookieHeader;
    const tokenBefore = this.#tokenOf(cookie);
    const [startedAt, goodUntil] = [Date.now(), visit.cookie === undefined ? this.#goodUntil() : 0];
    const { abortAfterMs = this.patienceMs } = visit;
    const answer = await this.browser.send(path, { headers, cookie, abortAfterMs });
    const { status, servedBy, location } = answer;
    const outcome = `${status || "no answer"}${location ? ` to ${location.slice(0, 60)}` : ""}`;
    const tokens = [tokenBefore, this.refreshToken];
    this.#trace.add(`${path.slice(0, 40)} with § → ${servedBy}: ${outcome}, now §`, tokens, startedAt);
    if (!this.#received.has(this.refreshToken)) this.#tally.refreshes += 1;
    this.#received.add(this.refreshToken);
    this.#tally.countAnswer(status, status === 0 && visit.abortAfterMs !== undefined);
    if (!EXPECTED.includes(status)) this.#tally.odd.push(`${path} answered ${status}\n${this.#trace}`);
    const isGood = Date.now() < goodUntil && Date.now() > this.#fleet.keysTroubledUntil;
    if (status === 503 && isGood) this.#tally.shutOut.push(`${this.username} was shut out\n${this.#trace}`);
    const claims = this.#claims();
    const isSame = (name: string) => claims?.[name] === this.#signIn?.[name];
    if (claims && this.#signIn && !["sub", "auth_time"].every(isSame)) this.#lose("has another sign-in's token");
    return answer;
  }

  /** Counts the session once. That Cognito would not refresh it any more is no excuse: here it always would. */
  #lose(how: string): void {
    if (!this.#signIn) return;
    const { cognito } = this.#fleet;
    const newest = cognito.newestRefreshToken(String(this.#signIn.origin_jti)) ?? "";
    const state = cognito.refreshTokenState(newest);
    this.#signIn = null;
    const kept = state === "valid" ? this.#tally.lost : this.#tally.odd;
    kept.push(
      `${this.username} ${how}${state === "valid" ? "" : ` with a refresh token that is ${state}`}\n${this.#trace}`,
    );
  }

  /** Milliseconds: until then nobody may answer 503, because the access token is good and its key in reach. */
  #goodUntil(): number {
    const { id, access, retired } = this.#fleet.cognito.keys;
    const { kid } = decode(this.browser.cookie("auth.access"), 0) ?? {};
    const isPublished = [id, access, ...retired].some((key) => key.kid === kid);
    if (!isPublished || Date.now() <= this.#fleet.keysTroubledUntil) return 0;
    return Date.now() + (this.#secondsLeft() - GOOD_S) * 1000;
  }

  #secondsLeft(): number {
    return Number(this.#claims()?.exp ?? 0) - Date.now() / 1000;
  }

  /** With a store the browser has no claims: those of the user's newest sign-in count, as long as there is a session. */
  #claims(): Claims | null {
    const { store, cognito } = this.#fleet;
    if (store) {
      const signIn = cognito.signIns.findLast(({ username }) => username === this.username);
      return this.browser.cookie("auth.session") && signIn ? { origin_jti: signIn.originJti } : null;
    }
    return decode(this.browser.cookie("auth.access"), 1);
  }
}

/** Part 0 of a JWT is its header, part 1 its claims. */
function decode(token: string | null, part: 0 | 1): Claims | null {
  return token ? JSON.parse(Buffer.from(token.split(".")[part] ?? "", "base64url").toString()) : null;
}

/** The cookie is `<facts of the sign-in>.<refresh token>`, and may begin with a signature. */
function readRefreshToken(cookieHeader: string): string {
  return /(?:^|; )auth\.refresh=[\w~-]+\.([^;]+)/.exec(cookieHeader)?.[1] ?? "";
}
