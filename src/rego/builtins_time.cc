// time.*
#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/go_time.h"
#include "waybill/rego/wide.h"

namespace waybill::rego {
namespace {

constexpr std::string_view kRfc3339 = "2006-01-02T15:04:05Z07:00", kRfc3339Nano = "2006-01-02T15:04:05.999999999Z07:00";

struct CachedZone : BuiltinCache::Item {
  std::shared_ptr<const Zone> zone;
};

std::shared_ptr<const Zone> zone_of(BuiltinCall& c, std::string_view name) {
  std::string key = "tz:" + std::string(name);
  auto it = c.cache.items.find(key);
  if (it == c.cache.items.end()) {
    auto made = std::make_unique<CachedZone>();
    made->zone = find_zone(name);
    it = c.cache.items.emplace(std::move(key), std::move(made)).first;
  }
  return static_cast<CachedZone&>(*it->second).zone;
}

struct When {
  int64_t ns = 0;
  std::shared_ptr<const Zone> zone;
  std::string layout{kRfc3339Nano};

  Civil civil() const {
    int64_t seconds = ns / 1'000'000'000, rest = ns % 1'000'000'000;
    if (rest < 0) rest += 1'000'000'000, --seconds;
    return to_civil(seconds, rest, *zone);
  }
};

bool nanoseconds(BuiltinCall& c, const Value& v, int64_t& out) {
  if (!v.is_number()) return c.wrong_type(0, "one of {number, array}", v), false;
  if (const auto n = whole_number(v)) return out = *n, true;
  if (is_whole(v)) return c.fail("timestamp too big"), false;
  c.fail_type("operand 1 must be integer number but got floating-point number");
  return false;
}

// ns, or [ns, zone], or [ns, zone, layout].
bool when(BuiltinCall& c, std::span<const Value> o, size_t at, When& out) {
  const Value& v = o[at];
  std::string_view zone;
  if (v.is_array()) {
    if (v.size() == 0)
      return c.fail_type("operand " + std::to_string(at + 1) + " must be one of {number, array[number, string]} but got an empty array"), false;
    if (!nanoseconds(c, v.items()[0], out.ns)) return false;
    if (v.size() > 1) {
      if (!v.items()[1].is_string()) return c.wrong_type(at, "string", v.items()[1]), false;
      zone = v.items()[1].text();
    }
    if (v.size() > 2) {
      if (!v.items()[2].is_string()) return c.wrong_type(at, "string", v.items()[2]), false;
      out.layout = v.items()[2].text();
    }
  } else if (!nanoseconds(c, v, out.ns)) {
    return false;
  }
  out.zone = zone_of(c, zone);
  if (out.zone == nullptr) return c.fail("unknown time zone " + std::string(zone)), false;
  return true;
}

Value to_ns(BuiltinCall& c, int64_t seconds, int64_t nanosecond) {
  const Int128 ns = static_cast<Int128>(seconds) * 1'000'000'000 + nanosecond;
  if (ns > INT64_MAX || ns < INT64_MIN) return c.fail("time outside of valid range");
  return Value::of(static_cast<int64_t>(ns));
}

// Layouts by their names in Go's package.
std::string_view layout_named(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"ANSIC", "Mon Jan _2 15:04:05 2006"},
      {"UnixDate", "Mon Jan _2 15:04:05 MST 2006"},
      {"RubyDate", "Mon Jan 02 15:04:05 -0700 2006"},
      {"RFC822", "02 Jan 06 15:04 MST"},
      {"RFC822Z", "02 Jan 06 15:04 -0700"},
      {"RFC850", "Monday, 02-Jan-06 15:04:05 MST"},
      {"RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"},
      {"RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"},
      {"RFC3339", kRfc3339},
      {"RFC3339Nano", kRfc3339Nano},
  };
  for (const auto& [known, layout] : names) {
    if (known == name) return layout;
  }
  return name;
}

Value now_ns_(BuiltinCall& c, std::span<const Value>) { return Value::of(c.options.now_ns); }

Value parse_rfc3339_ns_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string problem;
  const auto moment = parse_go_time(kRfc3339, o[0].text(), problem);
  if (!moment) return c.fail(problem);
  return to_ns(c, moment->seconds, moment->nanosecond);
}

Value parse_ns_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  std::string problem;
  const auto moment = parse_go_time(layout_named(o[0].text()), o[1].text(), problem);
  if (!moment) return c.fail(problem);
  return to_ns(c, moment->seconds, moment->nanosecond);
}

Value parse_duration_ns_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  const auto ns = parse_go_duration(o[0].text());
  if (!ns) return c.fail("time: invalid duration " + o[0].to_rego());
  return Value::of(*ns);
}

Value format_(BuiltinCall& c, std::span<const Value> o) {
  When w;
  if (!when(c, o, 0, w)) return {};
  return c.string(format_time(w.civil(), layout_named(w.layout)));
}

Value ints(BuiltinCall& c, std::initializer_list<int64_t> numbers) {
  std::vector<Value> out;
  for (int64_t n : numbers) out.push_back(Value::of(n));
  return c.heap.array(out);
}

Value date_(BuiltinCall& c, std::span<const Value> o) {
  When w;
  if (!when(c, o, 0, w)) return {};
  const Civil t = w.civil();
  return ints(c, {t.year, t.month, t.day});
}
Value clock_(BuiltinCall& c, std::span<const Value> o) {
  When w;
  if (!when(c, o, 0, w)) return {};
  const Civil t = w.civil();
  return ints(c, {t.hour, t.minute, t.second});
}
Value weekday_(BuiltinCall& c, std::span<const Value> o) {
  static constexpr std::string_view names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
  When w;
  if (!when(c, o, 0, w)) return {};
  return Value::view(names[weekday_of(w.civil())]);
}

Value add_date_(BuiltinCall& c, std::span<const Value> o) {
  When w;
  int64_t years = 0, months = 0, days = 0;
  if (!when(c, o, 0, w) || !want_integer(c, o, 1, years) || !want_integer(c, o, 2, months) || !want_integer(c, o, 3, days)) return {};
  if (std::abs(years) > 100000 || std::abs(months) > 1000000 || std::abs(days) > 100000000) return c.fail("time outside of valid range");
  const Civil t = w.civil();
  const int64_t local = seconds_of(t.year + years, t.month + months, t.day + days, t.hour, t.minute, t.second);
  return to_ns(c, to_utc(*w.zone, local), t.nanosecond);
}

// Calendar difference, as OPA computes it: in the zone of the first, later minus earlier.
Value diff_(BuiltinCall& c, std::span<const Value> o) {
  When a, b;
  if (!when(c, o, 0, a) || !when(c, o, 1, b)) return {};
  b.zone = a.zone;
  if (a.ns > b.ns) std::swap(a.ns, b.ns);
  const Civil x = a.civil(), y = b.civil();
  int64_t year = y.year - x.year, month = y.month - x.month, day = y.day - x.day, hour = y.hour - x.hour, minute = y.minute - x.minute,
          second = y.second - x.second;
  // Offsets that differ (summer time) count as hours.
  if (second < 0) second += 60, --minute;
  if (minute < 0) minute += 60, --hour;
  if (hour < 0) hour += 24, --day;
  if (day < 0) {
    const int64_t first = days_from_civil(x.year, x.month, 1);
    const int64_t next = x.month == 12 ? days_from_civil(x.year + 1, 1, 1) : days_from_civil(x.year, x.month + 1, 1);
    day += next - first;
    --month;
  }
  if (month < 0) month += 12, --year;
  return ints(c, {year, month, day, hour, minute, second});
}

constexpr Builtin kTable[] = {
    {.name = "time.now_ns", .arity = 0, .function = now_ns_, .varying = true},
    {"time.parse_rfc3339_ns", 1, parse_rfc3339_ns_},
    {"time.parse_ns", 2, parse_ns_},
    {"time.parse_duration_ns", 1, parse_duration_ns_},
    {"time.format", 1, format_},
    {"time.date", 1, date_},
    {"time.clock", 1, clock_},
    {"time.weekday", 1, weekday_},
    {"time.add_date", 4, add_date_},
    {"time.diff", 2, diff_},
};

}  // namespace

std::span<const Builtin> time_builtins() { return kTable; }

}  // namespace waybill::rego
