import { requireViewer } from "../../viewer";
import { Report } from "../report";

export default async function PrivatePage() {
  return <Report viewer={await requireViewer()} />;
}
