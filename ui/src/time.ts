// Times and durations in words. Always UTC, relative first, absolute beside it; all functions take "now" as an argument,
// because in the past "now" is the time of the log index that the page speaks of.

const kDays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const kMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

const two = (n: number): string => String(n).padStart(2, "0");

/** "14 min", "1 h 35", "1 d 3 h", "4 d": two units at most, the second dropped where it says nothing. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "0 s";
  if (seconds === 0) return "under 1 s";
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${two(minutes % 60)}`;
  const days = Math.floor(hours / 24);
  return days < 3 && hours % 24 !== 0 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** One unit: "41 s", "18 min", "22 h" up to 48 h, then days. */
export function age(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

export function seconds_between(from: string | Date, to: string | Date): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

export function ago(iso: string, now: Date): string {
  const seconds = seconds_between(iso, now);
  if (seconds < 0) return `in ${age(-seconds)}`;
  return seconds < 1 ? "now" : `${age(seconds)} ago`;
}

/** "11:42". */
export function clock(iso: string): string {
  const t = new Date(iso);
  return `${two(t.getUTCHours())}:${two(t.getUTCMinutes())}`;
}

/** "11:42:08". */
export function clock_seconds(iso: string): string {
  return `${clock(iso)}:${two(new Date(iso).getUTCSeconds())}`;
}

/** "17 Nov", with the year when it is not that of `now`. */
export function day(iso: string, now: Date): string {
  const t = new Date(iso);
  const date = `${t.getUTCDate()} ${kMonths[t.getUTCMonth()]}`;
  return t.getUTCFullYear() === now.getUTCFullYear() ? date : `${date} ${t.getUTCFullYear()}`;
}

/** "Tue 17 Nov 2026, 14:06:22 UTC". */
export function full(iso: string): string {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime())) return iso;
  return `${kDays[t.getUTCDay()]} ${t.getUTCDate()} ${kMonths[t.getUTCMonth()]} ${t.getUTCFullYear()}, ${clock_seconds(iso)} UTC`;
}

/** For titles: "2026-11-17 11:42:08 UTC". */
export function exact(iso: string): string {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime())) return iso;
  return `${t.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "2 h ago, 11:42"; older than today with its day: "3 d ago, 14 Nov 09:12". */
export function reading(iso: string, now: Date): string {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime())) return iso;
  const same_day = t.toISOString().slice(0, 10) === now.toISOString().slice(0, 10);
  return same_day ? `${ago(iso, now)}, ${clock(iso)}` : `${ago(iso, now)}, ${day(iso, now)} ${clock(iso)}`;
}

/** Length of a bar: the square root of time, so that 10 minutes and 10 hours both stay visible. */
export function bar_length(seconds: number, longest: number, width: number): number {
  if (seconds <= 0 || longest <= 0) return 0;
  return Math.max(2, Math.round(Math.sqrt(seconds / longest) * width * 10) / 10);
}
