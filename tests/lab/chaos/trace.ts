import type { Fleet } from "./fleet";

interface Event {
  readonly at: number;
  readonly until: number;
  readonly what: string;
  readonly tokens: readonly string[];
}

const KEPT = 24;
const BACKGROUND_MS = 45_000;

/** The last things that happened to a session, put into words only when somebody has to read them. */
export class Trace {
  readonly #fleet: Fleet;
  #events: Event[] = [];

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** `§` in `what` stands for a refresh token. */
  add(what: string, tokens: readonly string[] = [], startedAt = Date.now()): void {
    this.#events.push({ at: startedAt, until: Date.now(), what, tokens });
    if (this.#events.length > KEPT) this.#events.shift();
  }

  clear(): void {
    this.#events = [];
  }

  /** With what befell the servers meanwhile. Times in seconds before the last event: from, to. */
  toString(): string {
    const end = this.#events.at(-1)?.until ?? 0;
    const recent = this.#fleet.log.filter(({ at }) => at > end - BACKGROUND_MS && at <= end);
    const faults = recent.map(({ at, what }) => ({ at, until: at, what: `*** ${what}`, tokens: [] }));
    const ago = (time: number) => ((time - end) / 1000).toFixed(2).padStart(7);
    return [...faults, ...this.#events]
      .sort((a, b) => a.until - b.until)
      .map((event) => `  ${ago(event.at)} ${ago(event.until)}  ${this.#describe(event)}`)
      .join("\n");
  }

  #describe({ what, tokens }: Event): string {
    const names = tokens.map((token) => this.#nameOf(token));
    return what.replace(/§/g, () => names.shift() ?? "");
  }

  /** R1 is what the sign-in gave, R2 what the stand-in made next. */
  #nameOf(token: string): string {
    if (token === "") return "no refresh token";
    const { signIns, refreshTokenState } = this.#fleet.cognito;
    for (const { refreshTokens } of signIns) {
      const index = refreshTokens.findIndex((known) => known.token === token);
      if (index >= 0) return `R${index + 1} (${refreshTokenState(token)})`;
    }
    return "an unknown token";
  }
}
