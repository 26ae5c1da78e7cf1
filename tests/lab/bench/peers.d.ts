// The little that the benchmarks use of packages which the project itself does not install.

declare module "iron-session" {
  interface Options {
    readonly password: string;
    readonly ttl?: number;
  }
  export function sealData(data: unknown, options: Options): Promise<string>;
  export function unsealData(seal: string, options: Options): Promise<unknown>;
}

declare module "@auth/core/jwt" {
  export function encode(options: { token: object; secret: string; salt: string; maxAge: number }): Promise<string>;
  export function decode(options: { token: string; secret: string; salt: string }): Promise<unknown>;
}

declare module "autocannon" {
  import type { EventEmitter } from "node:events";

  interface Options {
    readonly url: string;
    readonly connections: number;
    /** How many requests, all in all. */
    readonly amount: number;
    readonly requests: readonly { readonly headers: Readonly<Record<string, string>> }[];
  }

  interface Result {
    /** Seconds. */
    readonly duration: number;
    readonly errors: number;
  }

  export default function autocannon(options: Options): EventEmitter & PromiseLike<Result>;
}
