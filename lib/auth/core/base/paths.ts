// The paths of the kit's own routes.

/** The paths, without Next's basePath. */
export const KIT_PATHS = {
  login: "/auth/login",
  callback: "/auth/callback",
  logout: "/auth/logout",
  refresh: "/auth/refresh",
  error: "/auth/error",
} as const;

/** The path of a route that an app may add with `resourceMetadata` of the door api.ts (RFC 9728 3). */
export const RESOURCE_METADATA_PATH = "/.well-known/oauth-protected-resource";

const ROUTES: readonly string[] = Object.values(KIT_PATHS);

/** Whether a path is one of the kit's own routes. Every other page below `/auth` is a page of the app. */
export function isKitRoute(pathname: string): boolean {
  return ROUTES.includes(pathname.replace(/\/$/, ""));
}
