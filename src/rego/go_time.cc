#include "waybill/rego/go_time.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "waybill/rego/text.h"
#include "waybill/rego/wide.h"

namespace waybill::rego {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                      "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct Utc : Zone {
  std::pair<int, std::string> at(int64_t) const override { return {0, "UTC"}; }
};

// A TZif file (RFC 8536), version 2 or later.
struct File : Zone {
  std::vector<int64_t> transitions;
  std::vector<uint8_t> types;
  struct Type {
    int offset;
    bool dst;
    std::string name;
  };
  std::vector<Type> kinds;
  std::string rule;  // POSIX TZ string for what comes after

  std::pair<int, std::string> at(int64_t seconds) const override {
    if (kinds.empty()) return {0, "UTC"};
    const auto it = std::upper_bound(transitions.begin(), transitions.end(), seconds);
    if (it == transitions.begin()) {
      for (const Type& t : kinds) {
        if (!t.dst) return {t.offset, t.name};
      }
      return {kinds[0].offset, kinds[0].name};
    }
    if (it == transitions.end() && !rule.empty()) {
      if (auto by_rule = from_rule(seconds)) return *by_rule;
    }
    const Type& t = kinds[types[static_cast<size_t>(it - transitions.begin()) - 1]];
    return {t.offset, t.name};
  }

  // "CET-1CEST,M3.5.0,M10.5.0/3"
  std::optional<std::pair<int, std::string>> from_rule(int64_t seconds) const {
    std::string_view s = rule;
    const auto name = [&]() -> std::optional<std::string> {
      if (s.starts_with('<')) {
        const auto close = s.find('>');
        if (close == std::string_view::npos) return std::nullopt;
        std::string out(s.substr(1, close - 1));
        s = s.substr(close + 1);
        return out;
      }
      size_t n = 0;
      while (n < s.size() && std::isalpha(static_cast<unsigned char>(s[n]))) ++n;
      if (n < 3) return std::nullopt;
      std::string out(s.substr(0, n));
      s = s.substr(n);
      return out;
    };
    const auto clock = [&]() -> std::optional<int> {
      int sign = 1;
      if (s.starts_with('-') || s.starts_with('+')) sign = s[0] == '-' ? -1 : 1, s = s.substr(1);
      int total = 0, unit = 3600;
      bool any = false;
      while (unit >= 1) {
        int n = 0;
        size_t k = 0;
        while (k < s.size() && s[k] >= '0' && s[k] <= '9' && k < 3) n = n * 10 + (s[k++] - '0');
        if (k == 0) break;
        any = true;
        s = s.substr(k);
        total += n * unit;
        unit /= 60;
        if (!s.starts_with(':')) break;
        s = s.substr(1);
      }
      return any ? std::optional<int>(sign * total) : std::nullopt;
    };
    const auto standard = name();
    const auto standard_offset = clock();
    if (!standard || !standard_offset) return std::nullopt;
    if (s.empty()) return std::pair(-*standard_offset, *standard);
    const auto summer = name();
    if (!summer) return std::nullopt;
    int summer_offset = *standard_offset - 3600;
    if (!s.starts_with(',')) {
      const auto o = clock();
      if (!o) return std::nullopt;
      summer_offset = *o;
    }
    struct Turn {
      int month = 0, week = 0, day = 0, time = 7200;
      bool julian = false, zero = false;
    };
    const auto turn = [&]() -> std::optional<Turn> {
      if (!s.starts_with(',')) return std::nullopt;
      s = s.substr(1);
      Turn t;
      const auto number = [&] {
        int n = 0;
        while (!s.empty() && s[0] >= '0' && s[0] <= '9') n = n * 10 + (s[0] - '0'), s = s.substr(1);
        return n;
      };
      if (s.starts_with('M')) {
        s = s.substr(1);
        t.month = number();
        if (!s.starts_with('.')) return std::nullopt;
        s = s.substr(1);
        t.week = number();
        if (!s.starts_with('.')) return std::nullopt;
        s = s.substr(1);
        t.day = number();
      } else {
        t.julian = true;
        t.zero = !s.starts_with('J');
        if (!t.zero) s = s.substr(1);
        t.day = number();
      }
      if (s.starts_with('/')) {
        s = s.substr(1);
        const auto at = clock();
        if (!at) return std::nullopt;
        t.time = *at;
      }
      return t;
    };
    const auto begin = turn(), end = turn();
    if (!begin || !end) return std::nullopt;
    static const Utc utc;
    const int64_t year = to_civil(seconds - *standard_offset, 0, utc).year;
    const auto moment = [&](const Turn& t, int offset) {
      int64_t day = 0;
      if (t.julian) {
        const bool leap = days_from_civil(year, 3, 1) - days_from_civil(year, 2, 28) == 2;
        day = days_from_civil(year, 1, 1) + (t.zero ? t.day : t.day - 1 + (leap && t.day >= 60 ? 1 : 0));
      } else {
        const int64_t first = days_from_civil(year, t.month, 1);
        const int64_t weekday = ((first + 4) % 7 + 7) % 7;
        day = first + (t.day - weekday + 7) % 7 + (t.week - 1) * 7;
        const int64_t next = t.month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, t.month + 1, 1);
        while (day >= next) day -= 7;
      }
      return day * 86400 + t.time + offset;
    };
    const int64_t from = moment(*begin, *standard_offset), to = moment(*end, summer_offset);
    const bool in_summer = from < to ? seconds >= from && seconds < to : seconds >= from || seconds < to;
    return in_summer ? std::pair(-summer_offset, *summer) : std::pair(-*standard_offset, *standard);
  }
};

std::shared_ptr<const Zone> load(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find("..") != std::string_view::npos || name.find('\\') != std::string_view::npos || name.size() > 64)
    return nullptr;
  const std::string path = "/usr/share/zoneinfo/" + std::string(name);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return nullptr;
  std::string bytes;
  char buffer[4096];
  size_t n = 0;
  while ((n = std::fread(buffer, 1, sizeof buffer, file)) > 0 && bytes.size() < 1'000'000) bytes.append(buffer, n);
  std::fclose(file);
  size_t at = 0;
  const auto be = [&](size_t width) {
    uint64_t v = 0;
    for (size_t i = 0; i < width; ++i) v = v << 8 | (at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : 0), ++at;
    return v;
  };
  auto zone = std::make_shared<File>();
  for (int pass = 0; pass < 2; ++pass) {
    if (bytes.compare(at, 4, "TZif") != 0) return nullptr;
    const char version = bytes[at + 4];
    at += 20;
    const size_t utc_count = be(4), standard_count = be(4), leaps = be(4), times = be(4), type_count = be(4), chars = be(4);
    const size_t width = pass == 0 ? 4 : 8;
    if (pass == 0 && version >= '2') {
      at += times * width + times + type_count * 6 + chars + leaps * (width + 4) + standard_count + utc_count;
      continue;
    }
    for (size_t i = 0; i < times; ++i) zone->transitions.push_back(width == 8 ? static_cast<int64_t>(be(8)) : static_cast<int32_t>(be(4)));
    for (size_t i = 0; i < times; ++i) zone->types.push_back(static_cast<uint8_t>(be(1)));
    struct Raw {
      int offset;
      bool dst;
      size_t name;
    };
    std::vector<Raw> raw;
    for (size_t i = 0; i < type_count; ++i) {
      const int offset = static_cast<int32_t>(be(4));
      const bool dst = be(1) != 0;
      raw.push_back({offset, dst, be(1)});
    }
    const std::string names = bytes.substr(std::min(at, bytes.size()), chars);
    at += chars + leaps * (width + 4) + standard_count + utc_count;
    for (const Raw& r : raw) zone->kinds.push_back({r.offset, r.dst, r.name < names.size() ? std::string(names.c_str() + r.name) : ""});
    for (uint8_t t : zone->types) {
      if (t >= zone->kinds.size()) return nullptr;
    }
    if (width == 8 && at < bytes.size() && bytes[at] == '\n') {
      const auto end = bytes.find('\n', at + 1);
      if (end != std::string::npos) zone->rule = bytes.substr(at + 1, end - at - 1);
    }
    break;
  }
  return zone;
}

// ---- layouts ----

enum class Part : uint8_t {
  none,
  long_month,
  month,
  number_month,
  zero_month,
  long_weekday,
  weekday,
  day,
  under_day,
  zero_day,
  under_year_day,
  zero_year_day,
  hour,
  hour12,
  zero_hour12,
  minute,
  zero_minute,
  second,
  zero_second,
  long_year,
  year,
  pm_upper,
  pm_lower,
  zone,
  iso_short,
  iso_minutes,
  iso_seconds_short,
  iso_colon,
  iso_colon_seconds,
  number_short,
  number,
  number_seconds,
  number_colon,
  number_colon_seconds,
  fraction_zero,
  fraction_nine,
};

struct Chunk {
  Part part = Part::none;
  size_t begin = 0, end = 0;
  int digits = 0;
};

Chunk next_chunk(std::string_view s) {
  const auto is = [&](size_t i, std::string_view what) { return s.substr(i).starts_with(what); };
  for (size_t i = 0; i < s.size(); ++i) {
    const auto found = [&](Part part, size_t n, int digits = 0) { return Chunk{part, i, i + n, digits}; };
    switch (s[i]) {
      case 'J':
        if (is(i, "January")) return found(Part::long_month, 7);
        if (is(i, "Jan") && !(i + 3 < s.size() && s[i + 3] >= 'a' && s[i + 3] <= 'z')) return found(Part::month, 3);
        break;
      case 'M':
        if (is(i, "Monday")) return found(Part::long_weekday, 6);
        if (is(i, "Mon") && !(i + 3 < s.size() && s[i + 3] >= 'a' && s[i + 3] <= 'z')) return found(Part::weekday, 3);
        if (is(i, "MST")) return found(Part::zone, 3);
        break;
      case '0':
        if (is(i, "002")) return found(Part::zero_year_day, 3);
        if (is(i, "01")) return found(Part::zero_month, 2);
        if (is(i, "02")) return found(Part::zero_day, 2);
        if (is(i, "03")) return found(Part::zero_hour12, 2);
        if (is(i, "04")) return found(Part::zero_minute, 2);
        if (is(i, "05")) return found(Part::zero_second, 2);
        if (is(i, "06")) return found(Part::year, 2);
        break;
      case '1':
        if (is(i, "15")) return found(Part::hour, 2);
        return found(Part::number_month, 1);
      case '2':
        if (is(i, "2006")) return found(Part::long_year, 4);
        return found(Part::day, 1);
      case '_':
        if (is(i, "_2006")) return Chunk{Part::long_year, i + 1, i + 5, 0};
        if (is(i, "__2")) return found(Part::under_year_day, 3);
        if (is(i, "_2")) return found(Part::under_day, 2);
        break;
      case '3': return found(Part::hour12, 1);
      case '4': return found(Part::minute, 1);
      case '5': return found(Part::second, 1);
      case 'P':
        if (is(i, "PM")) return found(Part::pm_upper, 2);
        break;
      case 'p':
        if (is(i, "pm")) return found(Part::pm_lower, 2);
        break;
      case '-':
        if (is(i, "-070000")) return found(Part::number_seconds, 7);
        if (is(i, "-07:00:00")) return found(Part::number_colon_seconds, 9);
        if (is(i, "-0700")) return found(Part::number, 5);
        if (is(i, "-07:00")) return found(Part::number_colon, 6);
        if (is(i, "-07")) return found(Part::number_short, 3);
        break;
      case 'Z':
        if (is(i, "Z070000")) return found(Part::iso_seconds_short, 7);
        if (is(i, "Z07:00:00")) return found(Part::iso_colon_seconds, 9);
        if (is(i, "Z0700")) return found(Part::iso_minutes, 5);
        if (is(i, "Z07:00")) return found(Part::iso_colon, 6);
        if (is(i, "Z07")) return found(Part::iso_short, 3);
        break;
      case '.':
      case ',':
        if (i + 1 < s.size() && (s[i + 1] == '0' || s[i + 1] == '9')) {
          size_t j = i + 1;
          while (j < s.size() && s[j] == s[i + 1]) ++j;
          if (!(j < s.size() && s[j] >= '0' && s[j] <= '9'))
            return Chunk{s[i + 1] == '0' ? Part::fraction_zero : Part::fraction_nine, i, j, static_cast<int>(j - i - 1)};
        }
        break;
      default: break;
    }
  }
  return Chunk{Part::none, s.size(), s.size(), 0};
}

void append_padded(std::string& out, int64_t n, int width, char pad = '0') {
  std::string text = std::to_string(n < 0 ? -n : n);
  if (n < 0) out += '-';
  if (static_cast<int>(text.size()) < width) out.append(static_cast<size_t>(width) - text.size(), pad);
  out += text;
}

}  // namespace

int64_t days_from_civil(int64_t y, int m, int d) {
  y -= m <= 2;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<uint64_t>(y - era * 400);
  const auto doy = static_cast<uint64_t>((153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1);
  const uint64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int64_t>(doe) - 719468;
}

int64_t seconds_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second) {
  int64_t m = month - 1;
  year += m >= 0 ? m / 12 : -((11 - m) / 12);
  m = ((m % 12) + 12) % 12;
  return (days_from_civil(year, static_cast<int>(m + 1), 1) + day - 1) * 86400 + hour * 3600 + minute * 60 + second;
}

int weekday_of(const Civil& c) { return static_cast<int>(((days_from_civil(c.year, c.month, c.day) + 4) % 7 + 7) % 7); }
int year_day_of(const Civil& c) { return static_cast<int>(days_from_civil(c.year, c.month, c.day) - days_from_civil(c.year, 1, 1) + 1); }

std::shared_ptr<const Zone> find_zone(std::string_view name) {
  static const auto utc = std::make_shared<const Utc>();
  if (name.empty() || name == "UTC" || name == "Local") return utc;
  return load(name);
}

int64_t to_utc(const Zone& zone, int64_t local) {
  // Go: guess with the offset at the local seconds, then look again.
  const int first = zone.at(local).first;
  int64_t unix = local - first;
  const int second = zone.at(unix).first;
  if (second != first) {
    const int64_t other = local - second;
    if (zone.at(other).first == second) return other;
  }
  return unix;
}

Civil to_civil(int64_t seconds, int64_t nanosecond, const Zone& zone) {
  Civil c;
  const auto [offset, name] = zone.at(seconds);
  c.offset = offset;
  c.zone = name;
  c.nanosecond = nanosecond;
  const int64_t local = seconds + offset;
  int64_t days = local / 86400, rest = local % 86400;
  if (rest < 0) rest += 86400, --days;
  c.hour = static_cast<int>(rest / 3600);
  c.minute = static_cast<int>(rest / 60 % 60);
  c.second = static_cast<int>(rest % 60);
  const int64_t z = days + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<uint64_t>(z - era * 146097);
  const uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const uint64_t mp = (5 * doy + 2) / 153;
  c.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  c.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  c.year = static_cast<int64_t>(yoe) + era * 400 + (c.month <= 2 ? 1 : 0);
  return c;
}

std::string format_time(const Civil& c, std::string_view layout) {
  std::string out;
  while (!layout.empty()) {
    const Chunk k = next_chunk(layout);
    out += layout.substr(0, k.begin);
    const auto offset = [&](bool z, bool colon, bool minutes, bool seconds) {
      if (z && c.offset == 0) {
        out += 'Z';
        return;
      }
      const int total = c.offset < 0 ? -c.offset : c.offset;
      out += c.offset < 0 ? '-' : '+';
      append_padded(out, total / 3600, 2);
      if (minutes) {
        if (colon) out += ':';
        append_padded(out, total / 60 % 60, 2);
      }
      if (seconds) {
        if (colon) out += ':';
        append_padded(out, total % 60, 2);
      }
    };
    const int hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
    switch (k.part) {
      case Part::none: break;
      case Part::long_month: out += kMonths[static_cast<size_t>(c.month - 1)]; break;
      case Part::month: out += kMonths[static_cast<size_t>(c.month - 1)].substr(0, 3); break;
      case Part::number_month: append_padded(out, c.month, 0); break;
      case Part::zero_month: append_padded(out, c.month, 2); break;
      case Part::long_weekday: out += kDays[static_cast<size_t>(weekday_of(c))]; break;
      case Part::weekday: out += kDays[static_cast<size_t>(weekday_of(c))].substr(0, 3); break;
      case Part::day: append_padded(out, c.day, 0); break;
      case Part::under_day: append_padded(out, c.day, 2, ' '); break;
      case Part::zero_day: append_padded(out, c.day, 2); break;
      case Part::under_year_day: append_padded(out, year_day_of(c), 3, ' '); break;
      case Part::zero_year_day: append_padded(out, year_day_of(c), 3); break;
      case Part::hour: append_padded(out, c.hour, 2); break;
      case Part::hour12: append_padded(out, hour12, 0); break;
      case Part::zero_hour12: append_padded(out, hour12, 2); break;
      case Part::minute: append_padded(out, c.minute, 0); break;
      case Part::zero_minute: append_padded(out, c.minute, 2); break;
      case Part::second: append_padded(out, c.second, 0); break;
      case Part::zero_second: append_padded(out, c.second, 2); break;
      case Part::long_year: append_padded(out, c.year, 4); break;
      case Part::year: append_padded(out, c.year % 100, 2); break;
      case Part::pm_upper: out += c.hour >= 12 ? "PM" : "AM"; break;
      case Part::pm_lower: out += c.hour >= 12 ? "pm" : "am"; break;
      case Part::zone: out += c.zone; break;
      case Part::iso_short: offset(true, false, false, false); break;
      case Part::iso_minutes: offset(true, false, true, false); break;
      case Part::iso_seconds_short: offset(true, false, true, true); break;
      case Part::iso_colon: offset(true, true, true, false); break;
      case Part::iso_colon_seconds: offset(true, true, true, true); break;
      case Part::number_short: offset(false, false, false, false); break;
      case Part::number: offset(false, false, true, false); break;
      case Part::number_seconds: offset(false, false, true, true); break;
      case Part::number_colon: offset(false, true, true, false); break;
      case Part::number_colon_seconds: offset(false, true, true, true); break;
      case Part::fraction_zero:
      case Part::fraction_nine: {
        char digits[16];
        std::snprintf(digits, sizeof digits, "%09lld", static_cast<long long>(c.nanosecond));
        std::string text(digits, static_cast<size_t>(std::min(k.digits, 9)));
        if (k.part == Part::fraction_nine) {
          while (text.ends_with('0')) text.pop_back();
          if (text.empty()) break;
        }
        out += layout[k.begin];
        out += text;
        break;
      }
    }
    layout = layout.substr(k.end);
  }
  return out;
}

std::optional<Moment> parse_go_time(std::string_view layout, std::string_view value, std::string& problem) {
  const std::string_view whole_layout = layout, whole_value = value;
  int64_t year = 0;
  int month = -1, day = -1, hour = 0, minute = 0, second = 0, year_day = -1;
  int64_t nanosecond = 0;
  bool pm = false, am = false, have_offset = false, utc_zone = false;
  int offset = 0;
  std::string zone_name;
  const auto fail = [&](std::string_view element) -> std::optional<Moment> {
    problem = "parsing time " + go_quoted(whole_value) + " as " + go_quoted(whole_layout) + ": cannot parse " + go_quoted(value) + " as " + go_quoted(element);
    return std::nullopt;
  };
  const auto range = [&](std::string_view what) -> std::optional<Moment> {
    problem = "parsing time " + go_quoted(whole_value) + ": " + std::string(what) + " out of range";
    return std::nullopt;
  };
  const auto number = [&](int least, int most, int64_t& out) {
    int n = 0;
    int64_t v = 0;
    while (n < most && static_cast<size_t>(n) < value.size() && value[static_cast<size_t>(n)] >= '0' && value[static_cast<size_t>(n)] <= '9')
      v = v * 10 + (value[static_cast<size_t>(n++)] - '0');
    if (n < least) return false;
    value = value.substr(static_cast<size_t>(n));
    out = v;
    return true;
  };
  const auto lookup = [&](const auto& names, size_t shortened, int& out) {
    for (size_t i = 0; i < names.size(); ++i) {
      const auto name = shortened != 0 ? names[i].substr(0, shortened) : names[i];
      if (value.size() < name.size()) continue;
      bool same = true;
      for (size_t k = 0; k < name.size() && same; ++k) same = (value[k] | 0x20) == (name[k] | 0x20);
      if (!same) continue;
      value = value.substr(name.size());
      out = static_cast<int>(i);
      return true;
    }
    return false;
  };
  while (true) {
    const Chunk k = next_chunk(layout);
    const auto prefix = layout.substr(0, k.begin), element = layout.substr(k.begin, k.end - k.begin);
    // Literal text; a run of spaces fits a run of spaces.
    for (size_t i = 0; i < prefix.size();) {
      if (prefix[i] == ' ') {
        if (!value.empty() && value[0] != ' ') return fail(prefix);
        while (i < prefix.size() && prefix[i] == ' ') ++i;
        while (value.starts_with(' ')) value = value.substr(1);
        continue;
      }
      if (value.empty() || value[0] != prefix[i]) return fail(prefix);
      value = value.substr(1);
      ++i;
    }
    if (k.part == Part::none) {
      if (!value.empty()) {
        problem = "parsing time " + go_quoted(whole_value) + ": extra text: " + go_quoted(value);
        return std::nullopt;
      }
      break;
    }
    layout = layout.substr(k.end);
    int64_t n = 0;
    const auto hold = value;
    switch (k.part) {
      case Part::year:
        if (!number(2, 2, n)) return value = hold, fail(element);
        year = n >= 69 ? n + 1900 : n + 2000;
        break;
      case Part::long_year:
        if (!number(4, 4, n)) return value = hold, fail(element);
        year = n;
        break;
      case Part::month:
      case Part::long_month: {
        int m = 0;
        if (!lookup(kMonths, k.part == Part::month ? 3 : 0, m)) return fail(element);
        month = m + 1;
        break;
      }
      case Part::number_month:
      case Part::zero_month:
        if (!number(k.part == Part::zero_month ? 2 : 1, 2, n)) return fail(element);
        if (n < 1 || n > 12) return range("month");
        month = static_cast<int>(n);
        break;
      case Part::weekday:
      case Part::long_weekday: {
        int d = 0;
        if (!lookup(kDays, k.part == Part::weekday ? 3 : 0, d)) return fail(element);
        break;
      }
      case Part::day:
      case Part::under_day:
      case Part::zero_day:
        if (k.part == Part::under_day && value.starts_with(' ')) value = value.substr(1);
        if (!number(k.part == Part::zero_day ? 2 : 1, 2, n)) return fail(element);
        day = static_cast<int>(n);
        break;
      case Part::under_year_day:
      case Part::zero_year_day:
        while (k.part == Part::under_year_day && value.starts_with(' ')) value = value.substr(1);
        if (!number(1, 3, n)) return fail(element);
        year_day = static_cast<int>(n);
        break;
      case Part::hour:
        if (!number(2, 2, n)) return fail(element);
        if (n >= 24) return range("hour");
        hour = static_cast<int>(n);
        break;
      case Part::hour12:
      case Part::zero_hour12:
        if (!number(k.part == Part::zero_hour12 ? 2 : 1, 2, n)) return fail(element);
        if (n > 12) return range("hour");
        hour = static_cast<int>(n);
        break;
      case Part::minute:
      case Part::zero_minute:
        if (!number(k.part == Part::zero_minute ? 2 : 1, 2, n)) return fail(element);
        if (n >= 60) return range("minute");
        minute = static_cast<int>(n);
        break;
      case Part::second:
      case Part::zero_second: {
        if (!number(k.part == Part::zero_second ? 2 : 1, 2, n)) return fail(element);
        if (n >= 60) return range("second");
        second = static_cast<int>(n);
        // A fraction may follow that the layout does not name.
        if (value.size() >= 2 && (value[0] == '.' || value[0] == ',') && value[1] >= '0' && value[1] <= '9') {
          const Chunk after = next_chunk(layout);
          if (after.part != Part::fraction_zero && after.part != Part::fraction_nine) {
            size_t d = 1;
            int64_t unit = 100'000'000;
            for (; d < value.size() && value[d] >= '0' && value[d] <= '9'; ++d, unit /= 10) nanosecond += (value[d] - '0') * unit;
            value = value.substr(d);
          }
        }
        break;
      }
      case Part::pm_upper:
      case Part::pm_lower: {
        const auto text = value.substr(0, 2);
        if (text == (k.part == Part::pm_upper ? "PM" : "pm"))
          pm = true;
        else if (text == (k.part == Part::pm_upper ? "AM" : "am"))
          am = true;
        else
          return fail(element);
        value = value.substr(2);
        break;
      }
      case Part::iso_short:
      case Part::iso_minutes:
      case Part::iso_seconds_short:
      case Part::iso_colon:
      case Part::iso_colon_seconds:
      case Part::number_short:
      case Part::number:
      case Part::number_seconds:
      case Part::number_colon:
      case Part::number_colon_seconds: {
        const bool iso = k.part <= Part::iso_colon_seconds;
        if (iso && value.starts_with('Z')) {
          value = value.substr(1);
          have_offset = true;
          offset = 0;
          break;
        }
        if (value.empty() || (value[0] != '+' && value[0] != '-')) return fail(element);
        const int sign = value[0] == '-' ? -1 : 1;
        value = value.substr(1);
        const bool colon =
            k.part == Part::iso_colon || k.part == Part::iso_colon_seconds || k.part == Part::number_colon || k.part == Part::number_colon_seconds;
        const bool minutes = k.part != Part::iso_short && k.part != Part::number_short;
        const bool seconds =
            k.part == Part::iso_seconds_short || k.part == Part::iso_colon_seconds || k.part == Part::number_seconds || k.part == Part::number_colon_seconds;
        int64_t h = 0, m = 0, s = 0;
        if (!number(2, 2, h)) return value = hold, fail(element);
        if (minutes) {
          if (colon && !value.starts_with(':')) return value = hold, fail(element);
          if (colon) value = value.substr(1);
          if (!number(2, 2, m)) return value = hold, fail(element);
        }
        if (seconds) {
          if (colon && !value.starts_with(':')) return value = hold, fail(element);
          if (colon) value = value.substr(1);
          if (!number(2, 2, s)) return value = hold, fail(element);
        }
        if (h > 24) return range("time zone offset hour");
        if (m >= 60) return range("time zone offset minute");
        have_offset = true;
        offset = sign * static_cast<int>(h * 3600 + m * 60 + s);
        break;
      }
      case Part::zone: {
        size_t c = 0;
        while (c < value.size() && value[c] >= 'A' && value[c] <= 'Z') ++c;
        if (c < 3 || c > 5) return fail(element);
        zone_name = value.substr(0, c);
        utc_zone = zone_name == "UTC";
        value = value.substr(c);
        if (zone_name == "GMT" && !value.empty() && (value[0] == '+' || value[0] == '-')) {
          const int sign = value[0] == '-' ? -1 : 1;
          value = value.substr(1);
          int64_t h = 0;
          if (!number(1, 2, h)) return fail(element);
          have_offset = true;
          offset = sign * static_cast<int>(h) * 3600;
        }
        break;
      }
      case Part::fraction_zero: {
        const auto count = static_cast<size_t>(k.digits) + 1;
        if (value.size() < count || (value[0] != '.' && value[0] != ',')) return fail(element);
        int64_t unit = 100'000'000;
        for (size_t d = 1; d < count; ++d, unit /= 10) {
          if (value[d] < '0' || value[d] > '9') return fail(element);
          nanosecond += (value[d] - '0') * unit;
        }
        value = value.substr(count);
        break;
      }
      case Part::fraction_nine: {
        if (value.size() < 2 || (value[0] != '.' && value[0] != ',') || value[1] < '0' || value[1] > '9') break;
        size_t d = 1;
        int64_t unit = 100'000'000;
        for (; d < value.size() && value[d] >= '0' && value[d] <= '9'; ++d, unit /= 10) nanosecond += (value[d] - '0') * unit;
        value = value.substr(d);
        break;
      }
      case Part::none: break;
    }
  }
  if (pm && hour < 12) hour += 12;
  if (am && hour == 12) hour = 0;
  if (year_day >= 0) {
    const bool leap = days_from_civil(year, 3, 1) - days_from_civil(year, 2, 28) == 2;
    if (year_day < 1 || year_day > (leap ? 366 : 365)) return range("day-of-year");
    static const Utc utc;
    const Civil c = to_civil((days_from_civil(year, 1, 1) + year_day - 1) * 86400, 0, utc);
    month = c.month;
    day = c.day;
  }
  if (month < 0) month = 1;
  if (day < 0) day = 1;
  const int64_t last = (month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1)) - days_from_civil(year, month, 1);
  if (day < 1 || day > last) return range("day");
  static_cast<void>(utc_zone);
  return Moment{seconds_of(year, month, day, hour, minute, second) - (have_offset ? offset : 0), nanosecond};
}

std::optional<int64_t> parse_go_duration(std::string_view s) {
  bool negative = false;
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) negative = s[0] == '-', s = s.substr(1);
  if (s == "0") return 0;
  if (s.empty()) return std::nullopt;
  long double total = 0;
  Int128 exact = 0;
  while (!s.empty()) {
    Int128 whole = 0, fraction = 0, scale = 1;
    size_t n = 0;
    bool digits = false;
    for (; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n, digits = true) {
      whole = whole * 10 + (s[n] - '0');
      if (whole > (Int128{1} << 70)) return std::nullopt;
    }
    if (n < s.size() && s[n] == '.') {
      ++n;
      for (; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n, digits = true) {
        if (scale < Int128{1'000'000'000'000'000'000}) fraction = fraction * 10 + (s[n] - '0'), scale *= 10;
      }
    }
    if (!digits) return std::nullopt;
    s = s.substr(n);
    n = 0;
    while (n < s.size() && s[n] != '.' && !(s[n] >= '0' && s[n] <= '9')) ++n;
    const auto unit = s.substr(0, n);
    s = s.substr(n);
    int64_t factor = 0;
    if (unit == "ns")
      factor = 1;
    else if (unit == "us" || unit == "\xC2\xB5s" || unit == "\xCE\xBCs")
      factor = 1000;
    else if (unit == "ms")
      factor = 1'000'000;
    else if (unit == "s")
      factor = 1'000'000'000;
    else if (unit == "m")
      factor = 60'000'000'000;
    else if (unit == "h")
      factor = 3'600'000'000'000;
    else
      return std::nullopt;
    exact += whole * factor + fraction * factor / scale;
    if (exact > static_cast<Int128>(INT64_MAX)) return std::nullopt;
  }
  static_cast<void>(total);
  return negative ? -static_cast<int64_t>(exact) : static_cast<int64_t>(exact);
}

}  // namespace waybill::rego
