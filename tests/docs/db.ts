// Stands for the reader's own database in the blocks that import "@/lib/db".
interface Account {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
}

export async function findOrCreateAccount(account: Account): Promise<Account & { readonly id: number }> {
  return { ...account, id: 1 };
}
