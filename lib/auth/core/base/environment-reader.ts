// Reads environment variables, and collects what is wrong with them.
import { AuthError } from "./errors";

export type Environment = Readonly<Record<string, string | undefined>>;

const URL_RULE = "must be https (or http on loopback), no query";
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Reads variables, trimmed, and keeps the first problem of each. */
export class EnvironmentReader {
  readonly #problems = new Map<string, string>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  addProblem(name: string, problem: string): void {
    if (!this.#problems.has(name)) this.#problems.set(name, `${name} ${problem}`);
  }

  /** Returns a variable's value, or the fallback when it is empty. Without a fallback the variable is required. */
  read(name: string, pattern: RegExp, problem: string, fallback?: string): string {
    const value = this.#environment[name]?.trim() || fallback;
    if (value === undefined) this.addProblem(name, "is missing");
    else if (value === "undefined" || (value !== fallback && !pattern.test(value))) this.addProblem(name, problem);
    return value ?? "";
  }

  /** Returns the entries of a comma-separated list. An optional list that is empty has none. */
  readList(name: string, pattern: RegExp, problem: string, fallback?: string): readonly string[] {
    const text = this.read(name, /./, problem, fallback);
    const entries = text ? text.split(",").map((entry) => entry.trim()) : [];
    if (!entries.every((entry) => pattern.test(entry))) this.addProblem(name, problem);
    return entries;
  }

  /** Returns the number of a variable in whole seconds or bytes, or null when it is not set. */
  readNumber(name: string, problem: string): number | null {
    const text = this.read(name, /^[1-9]\d{0,9}$/, problem, "");
    return text ? Number(text) : null;
  }

  readUrl(name: string, pattern: RegExp, problem: string): URL {
    return this.#parseUrl(name, this.read(name, pattern, problem));
  }

  readUrls(name: string): readonly URL[] {
    return this.readList(name, /./, URL_RULE, undefined).map((text) => this.#parseUrl(name, text));
  }

  #parseUrl(name: string, text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : new URL("invalid:");
    if (!isTrustworthy(url) || /[?#]/.test(text)) this.addProblem(name, URL_RULE);
    return url;
  }

  /**
   * Throws one `config_invalid` that names every problem. The doctor reads its `problems`, by the names of variables.
   */
  check(): void {
    if (this.#problems.size === 0) return;
    const help = "For help: npx -y tsx lib/auth/tools/doctor (or src/lib/auth/tools/doctor)";
    const error = new AuthError("config_invalid", `${[...this.#problems.values()].join("; ")}. ${help}`);
    throw Object.assign(error, { problems: Object.fromEntries(this.#problems) });
  }
}

function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  const isSecure = protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
  return isSecure && !username && !password;
}
