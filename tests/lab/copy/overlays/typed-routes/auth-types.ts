// What the README shows: groups and claims are named once, through the door.
declare module "@/lib/auth/session" {
  interface GroupNames {
    admins: true;
    editors: true;
  }
  interface IdTokenClaims {
    readonly "custom:tenant"?: string;
  }
}

export {};
