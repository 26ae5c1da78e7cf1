// Stands for the reader's own database in the blocks that import "@/lib/db".
interface Account {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly isClosed: boolean;
  readonly welcomedAt: Date | null;
}

export async function findOrCreateAccount(account: Pick<Account, "issuer" | "subject" | "email">): Promise<Account> {
  return { ...account, isClosed: account.email === "grace@example.com", welcomedAt: null };
}

export async function setWelcomed(_account: Pick<Account, "issuer" | "subject">): Promise<void> {}
