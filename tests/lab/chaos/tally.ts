import type { RecordedRequest } from "../../cognito/index";

/** What one row of the table counts. */
export class Tally {
  readonly name: string;
  /** Why sessions are lost here whatever the kit does; null when none may be. */
  readonly excuse: string | null;
  requests = 0;
  aborted = 0;
  /** New refresh tokens that reached a browser. */
  refreshes = 0;
  /** Answers by status; 0: the connection broke. */
  readonly statuses = new Map<number, number>();
  /** Refresh calls that reached the token endpoint, and the refresh tokens that they brought. */
  tokenCalls = 0;
  expiries = 0;
  /** What must not be, each with what led to it: sessions that were lost, … */
  readonly lost: string[] = [];
  /** … 503 to a good access token while the keys were in reach, … */
  readonly shutOut: string[] = [];
  /** … and answers that nobody should get. */
  readonly odd: string[] = [];

  constructor(name: string, excuse: string | null = null) {
    this.name = name;
    this.excuse = excuse;
  }

  get isGood(): boolean {
    return this.shutOut.length + this.odd.length + (this.excuse === null ? this.lost.length : 0) === 0;
  }

  countAnswer(status: number, isAborted: boolean): void {
    this.requests += 1;
    if (isAborted) this.aborted += 1;
    else this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** A session's access token expires once for each refresh token that is brought. */
  countCalls(calls: readonly RecordedRequest[]): void {
    this.tokenCalls += calls.length;
    this.expiries += new Set(calls.map(({ params }) => params.refresh_token)).size;
  }
}
