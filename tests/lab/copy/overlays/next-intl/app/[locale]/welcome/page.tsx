import { getLocale, getTranslations } from "next-intl/server";
import { requireSession } from "@/lib/auth/session";

export default async function Welcome() {
  const locale = await getLocale();
  const t = await getTranslations("Welcome");
  const { user } = await requireSession({ returnTo: locale === "de" ? "/de/welcome" : "/welcome" });
  return (
    <main>
      <h1>{t("title")}</h1>
      <p id="user">
        {user.username} {user.email}
      </p>
    </main>
  );
}
