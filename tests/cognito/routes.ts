import { logout, revoke, userInfo } from "./account";
import { authorize, showLogin, showSignup, submitLogin } from "./authorize";
import { discovery, jwks } from "./discovery";
import { showError } from "./pages";
import { issuerPath, type Pool } from "./pool";
import type { Route, Router } from "./server";
import { token } from "./token-endpoint";
import type { Settings } from "./types";

const domainRoutes: Record<string, Route> = {
  "/oauth2/authorize": { name: "authorize", methods: { GET: authorize } },
  "/login": { name: "login", methods: { GET: showLogin, POST: submitLogin } },
  "/signup": { name: "signup", methods: { GET: showSignup } },
  "/oauth2/token": { name: "token", methods: { POST: token } },
  "/oauth2/revoke": { name: "revoke", methods: { POST: revoke } },
  "/oauth2/userInfo": { name: "userInfo", methods: { GET: userInfo } },
  "/logout": { name: "logout", methods: { GET: logout } },
  "/error": { name: "error", methods: { GET: showError } },
};

export const domainRouter: Router = (path) => (Object.hasOwn(domainRoutes, path) ? domainRoutes[path] : undefined);

/** Both forms of the issuer answer, whichever one the tokens name at the moment. */
export function createIssuerRouter(pool: Pool, control: Route): Router {
  const forms: Settings["issuerForm"][] = ["original", "updated"];
  const routes = new Map<string, Route>([["/_control", control]]);
  for (const form of forms) {
    const base = `${issuerPath(pool, form)}/.well-known`;
    routes.set(`${base}/openid-configuration`, { name: "discovery", methods: { GET: () => discovery(pool, form) } });
    routes.set(`${base}/jwks.json`, { name: "jwks", methods: { GET: jwks } });
  }
  return (path) => routes.get(path);
}
