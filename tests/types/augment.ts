// What an app writes, in a file of its own, to name its groups and its claims.
declare module "@/lib/auth/session" {
  interface GroupNames {
    admins: true;
    editors: true;
  }
  interface IdTokenClaims {
    readonly "custom:tenant"?: string;
  }
  interface AccessTokenClaims {
    readonly plan?: "free" | "paid";
  }
}

export {};
