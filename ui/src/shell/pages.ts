// The pages of the console by name, key and address: one list for the rail, the tabs, the keys and the search.
export const PAGE_NAMES = [
  { key: "o", name: "Overview", short: "Overview", href: "/" },
  { key: "d", name: "Deliveries", short: "Deliveries", href: "/deliveries" },
  { key: "s", name: "Subjects", short: "Subjects", href: "/subjects" },
  { key: "v", name: "Vulnerabilities", short: "Vulns", href: "/vulnerabilities" },
  { key: "a", name: "Approvals", short: "Inbox", href: "/approvals" },
  { key: "e", name: "Decisions", short: "Decisions", href: "/decisions" },
  { key: "l", name: "Log", short: "Log", href: "/log" },
] as const;

/** Which entry of the rail a path belongs to. */
export function page_of(path: string): string {
  if (path === "/") return "/";
  if (path.startsWith("/services") || path.startsWith("/environments")) return "/";
  return PAGE_NAMES.find((p) => p.href !== "/" && (path === p.href || path.startsWith(`${p.href}/`)))?.href ?? "";
}
