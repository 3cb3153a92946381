import type { ConfigIssue, ConfigReport } from "./wire_types.js";

/** How the gateway's configuration file stands. A file that cannot be used changes nothing: the last good one holds. */
export interface ConfigState {
  valid: boolean;
  file: string;
  issues: ConfigIssue[];
}

export const GOOD_CONFIG: ConfigState = { valid: true, file: "", issues: [] };

/** The report of `health` or `status`, or the event `config.changed`; what it leaves out stays. */
export function configState(before: ConfigState, report: ConfigReport | undefined): ConfigState {
  if (!report || typeof report !== "object") return before;
  const valid = report.valid ?? report.mode !== "invalid";
  const issues = Array.isArray(report.issues) ? report.issues.filter((one) => one && typeof one === "object") : [];
  return { valid, file: report.file ?? before.file, issues: issues.filter((one) => one.severity !== "warn") };
}

/** The first issue as a sentence, and how many more there are. */
export function issueText({ issues }: ConfigState): string {
  const first = issues[0];
  if (!first) return "";
  const where = [first.at, first.path].filter(Boolean).join(" ");
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${where}${where ? ": " : ""}${first.message ?? ""}${more}`;
}
