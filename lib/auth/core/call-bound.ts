// Bounds the calls to Cognito that made-up credentials can cause.
import { now } from "./encoding";
import { AuthError } from "./errors";

/**
 * Lets a call through while fewer than `limit` are under way or counted in the current second: those that Cognito
 * rejected, or all of them. Otherwise throws `token_endpoint_unavailable`: nothing is lost, and the user can try again.
 */
export class CallBound {
  readonly #limit: number;
  readonly #counted: "rejected" | "all";
  #underWay = 0;
  #second = 0;
  #calls = 0;

  constructor(limit: number, counted: "rejected" | "all") {
    this.#limit = limit;
    this.#counted = counted;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#startSecond();
    if (this.#underWay + this.#calls >= this.#limit) {
      throw new AuthError("token_endpoint_unavailable", "Too many calls for unproven credentials in this second");
    }
    this.#underWay += 1;
    let isRejected = false;
    try {
      return await call();
    } catch (error) {
      isRejected = error instanceof AuthError && error.code === "grant_rejected";
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#startSecond();
      if (isRejected || this.#counted === "all") this.#calls += 1;
    }
  }

  #startSecond(): void {
    if (this.#second === now()) return;
    this.#second = now();
    this.#calls = 0;
  }
}
