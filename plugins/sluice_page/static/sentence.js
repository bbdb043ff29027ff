import { Refused, Unreachable } from "./api.js";

/** What an error says, as one sentence for people. */
export function sentence(error, doing = "This") {
  if (error instanceof Unreachable) return `${error.message}. Look at the connection, and try again.`;
  if (!(error instanceof Refused)) return `${error.message}.`;
  if (error.status === 401) return "Airflow does not know you any more: reload its page to sign in.";
  if (error.status === 403) return `${doing} wants a right that you do not have. Whoever looks after users of Airflow can give it.`;
  return `${error.message}.`;
}
