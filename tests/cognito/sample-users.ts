import type { PoolUser } from "./types";

const password = "Passw0rd!";

/** 36 characters: with 100 of these the tokens outgrow single cookies and crowd Node's header budget. */
function longGroup(_: unknown, index: number): string {
  return `department-${String(index + 1).padStart(3, "0")}-with-a-very-long-name`;
}

export const sampleUsers: readonly PoolUser[] = [
  {
    username: "ada",
    password,
    sub: "5f6f2f0e-7c1d-4b0a-9b57-2d1c8a3e4f10",
    email: "ada@example.com",
    emailVerified: true,
    name: "Ada Lovelace",
    groups: ["admins", "editors"],
    description: "In admins and editors, e-mail verified",
  },
  {
    username: "grace",
    password,
    sub: "a1d7c3b2-0e4f-4c66-8f0b-6b9d5e2c7a21",
    email: "grace@example.com",
    emailVerified: true,
    name: "Grace Hopper",
    description: "In no group",
  },
  {
    username: "Google_104217",
    password,
    sub: "c8e0b5d4-93a7-4f12-a6de-1f7b4c9d0e32",
    email: "katherine@example.com",
    emailVerified: false,
    name: "Katherine Johnson",
    provider: "Google",
    description: "federated, unverified e-mail",
  },
  {
    username: "lin",
    password,
    sub: "3b9e7d61-5a28-4de3-b1c4-8e0f2a6d9c43",
    email: "lin@example.com",
    emailVerified: true,
    name: "Lin Clark",
    groups: Array.from({ length: 100 }, longGroup),
    description: "In 100 groups: very large tokens",
  },
];
