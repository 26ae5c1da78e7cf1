import { type Answer, type Exchange, html } from "./http";
import { contentSecurityPolicy, style } from "./page-style";
import type { Pool } from "./pool";
import type { PoolUser } from "./types";

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

function page(status: number, title: string, content: string): Answer {
  const document = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Cognito stand-in</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<p class="note">Stand-in for Amazon Cognito – local only</p>
<div class="body">
<h1>${escapeHtml(title)}</h1>
${content}
</div>
</main>
</body>
</html>
`;
  return html(status, document, contentSecurityPolicy);
}

export function loginPage(pool: Pool, exchange: Exchange, form: { username: string; message: string }): Answer {
  const action = escapeHtml(`/login${exchange.search}`);
  const native = pool.users.filter((user) => !user.provider);
  const federated = pool.users.find((user) => user.provider);
  return page(
    200,
    "Sign in",
    `${form.message && `<p class="alarm" role="alert">${escapeHtml(form.message)}</p>`}
<form method="post" action="${action}">
<label for="username">Username</label>
<input id="username" name="username" value="${escapeHtml(form.username)}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="primary">Sign in</button>
</form>
${federated ? federatedForm(exchange, federated) : ""}
<h2>Or continue as a sample user</h2>
<ul>
${native.map((user) => userRow(action, user)).join("\n")}
</ul>`,
  );
}

function userRow(action: string, user: PoolUser): string {
  return `<li><form method="post" action="${action}">
${hidden({ username: user.username, password: user.password })}
<button><strong>${escapeHtml(user.username)}</strong><span>${escapeHtml(user.description ?? "")}</span></button>
</form></li>`;
}

/** The button is a link back to /oauth2/authorize with identity_provider, as on Cognito's own page. */
function federatedForm(exchange: Exchange, user: PoolUser): string {
  const provider = user.provider ?? "";
  return `<form class="federated" method="get" action="/oauth2/authorize">
${hidden({ ...exchange.query, identity_provider: provider })}
<button>Continue with ${escapeHtml(provider)} (sample)</button>
</form>
<p class="soft">${escapeHtml(`${user.username}: ${user.description ?? ""}`)}</p>`;
}

function hidden(values: Record<string, string>): string {
  const input = ([name, value]: [string, string]) =>
    `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
  return Object.entries(values).map(input).join("");
}

export function signupPage(exchange: Exchange): Answer {
  const login = escapeHtml(`/login${exchange.search}`);
  return page(
    200,
    "Sign up",
    `<p>The stand-in creates no accounts: its users are in <code>tests/cognito/sample-users.ts</code>.</p>
<p><a href="${login}">Continue to the login page</a></p>`,
  );
}

/** GET /error: Cognito shows it, and never returns to the app, when it cannot trust the redirect. */
export function showError(_: Pool, { query }: Exchange): Answer {
  const client = query.client_id ? ` for client <code>${escapeHtml(query.client_id)}</code>` : "";
  const hint =
    query.error === "redirect_mismatch"
      ? "<p>The redirect_uri is not, character for character, a callback URL of this app client, or there is no such client.</p>"
      : "";
  return page(
    400,
    "An error was encountered",
    `<p class="alarm"><code>${escapeHtml(query.error ?? "")}</code>${client}</p>${hint}`,
  );
}

export function errorHtml(message: string, status = 400): Answer {
  return page(status, "An error was encountered", `<p class="alarm">${escapeHtml(message)}</p>`);
}
