// Bounds the calls to Cognito that an attacker's invented credentials can cause.
import { now } from "../base/clock";
import { AuthError } from "../base/errors";

const CALLS_PER_SECOND = 30;
const MAX_WAIT_MS = 4_000;
const MAX_WAITING = 300;

/**
 * Lets 30 calls a second through: of all calls, or of those that fail. Further calls wait for a turn, in no order, so
 * that a flood and the users share the turns. After 4 s, or behind 300 others, `run` throws
 * `token_endpoint_unavailable` without a call.
 */
export class CallBound {
  readonly #counted: "all" | "failures";
  #second = 0;
  #calls = 0;
  #waiting = 0;

  constructor(counted: "all" | "failures") {
    this.#counted = counted;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isFull()) await this.#waitForTurn();
    this.#countCall();
    const result = await call();
    if (this.#counted === "failures") this.#calls = Math.max(0, this.#calls - 1);
    return result;
  }

  async #waitForTurn(): Promise<void> {
    if (this.#waiting >= MAX_WAITING) throw tooMany();
    let waitedMs = 0;
    this.#waiting += 1;
    while (this.#isFull() && waitedMs < MAX_WAIT_MS) {
      const pauseMs = 20 + 100 * Math.random();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      waitedMs += pauseMs;
    }
    this.#waiting -= 1;
    if (this.#isFull()) throw tooMany();
  }

  #isFull(): boolean {
    return this.#second === now() && this.#calls >= CALLS_PER_SECOND;
  }

  #countCall(): void {
    this.#calls = this.#second === now() ? this.#calls + 1 : 1;
    this.#second = now();
  }
}

function tooMany(): AuthError {
  return new AuthError("token_endpoint_unavailable", "Too many unproven grants");
}
