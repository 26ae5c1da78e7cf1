import { createHash } from "node:crypto";

export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --line: #dfe2e7; --field: #858e9c; --text: #1b1f27; --soft: #5f6877;
  --accent: #0b5cad; --on-accent: #fff; --alarm: #b3261e; --hover: #f0f4fa; --note: #fff6dc; --on-note: #5d4500;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1217; --card: #181c23; --line: #2d333d; --field: #6f7a89; --text: #e8ebf0; --soft: #9aa4b2;
    --accent: #7db7ff; --on-accent: #0b1a2b; --alarm: #ffb4ab; --hover: #202630; --note: #362c10; --on-note: #f3dc97;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem 1rem;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main {
  width: 100%; max-width: 25rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  overflow: hidden; box-shadow: 0 8px 30px rgb(0 0 0 / 8%);
}
.note { margin: 0; padding: .6rem 1.5rem; background: var(--note); color: var(--on-note); font-size: .8125rem; }
.body { padding: 1.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
h2 { margin: 1.75rem 0 .5rem; font-size: .8125rem; font-weight: 600; color: var(--soft); }
p { margin: 0 0 1rem; }
.alarm { color: var(--alarm); }
.soft { color: var(--soft); font-size: .875rem; }
label { display: block; margin: 0 0 .25rem; font-size: .875rem; font-weight: 600; }
input {
  width: 100%; margin: 0 0 1rem; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--field); border-radius: 8px;
}
button { width: 100%; padding: .65rem 1rem; font: inherit; border-radius: 8px; border: 1px solid var(--field);
  background: transparent; color: inherit; cursor: pointer; }
button:hover { background: var(--hover); }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
.primary:hover { background: var(--accent); filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
ul { margin: 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
li + li { border-top: 1px solid var(--line); }
li button { border: 0; border-radius: 0; text-align: left; }
li button:focus-visible { outline-offset: -3px; }
li strong, li span { display: block; }
li span { color: var(--soft); font-size: .8125rem; line-height: 1.35; }
.federated { margin-top: .75rem; }
.federated + .soft { margin: .35rem 0 0; text-align: center; }
code { overflow-wrap: anywhere; }
a { color: var(--accent); }
`;

/** No script, nothing from outside; form-action stays open because a sign-in redirects to the app. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");
