// Points in time: milliseconds since 1970 in UTC, RFC 3339 in and out, and the Clock seam.
//
// Text is always UTC with a Z. Whole seconds where a policy reads it, milliseconds in the log.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill {

struct Time {
  int64_t ms = 0;  // since 1970-01-01T00:00:00Z, leap seconds not counted

  friend auto operator<=>(const Time&, const Time&) = default;
  bool is_set() const { return ms != 0; }
  static Time of_seconds(int64_t seconds) { return {seconds * 1000}; }
};

constexpr int64_t kSecondMs = 1000, kMinuteMs = 60 * kSecondMs, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;

// "2026-11-22T14:43:00Z": rounded down to the second. Years 0000 to 9999.
std::string to_rfc3339(Time time);
// "2026-11-22T14:43:00.123Z".
std::string to_rfc3339_ms(Time time);
// "2026-11-22".
std::string to_date(Time time);
// RFC 3339 with any offset and any number of fraction digits (those below the millisecond are dropped);
// a bare date means midnight UTC; a leap second (:60) is the second after. Anything else is refused.
Result<Time> parse_time(std::string_view text);
// "90d", "36h", "15m", "30s": for flags. In milliseconds.
Result<int64_t> parse_duration_ms(std::string_view text);

// Whole days (hours) between, rounded down; negative when `to` is before `from`.
int64_t days_between(Time from, Time to);
int64_t hours_between(Time from, Time to);

// The one source of "now". Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  static Clock& system();
};
// For tests and the demonstration: stands still until told.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time time) : time_(time) {}
  Time now() const override { return time_; }
  void set(Time time) { time_ = time; }
  void advance(int64_t ms) { time_.ms += ms; }

 private:
  Time time_;
};

}  // namespace waybill
