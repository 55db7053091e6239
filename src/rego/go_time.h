// Go's view of time: nanoseconds, civil dates, layouts ("2006-01-02T15:04:05Z07:00"), time zones, durations.
//
// Called by the time built-ins. Zones other than UTC and fixed offsets come from the system's zoneinfo files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::rego {

struct Civil {
  int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int64_t nanosecond = 0;
  int offset = 0;            // seconds east of UTC
  std::string zone = "UTC";  // abbreviation
};

int64_t days_from_civil(int64_t year, int month, int day);
// Out of range months, days, … are carried over, as Go's time.Date does.
int64_t seconds_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second);
int weekday_of(const Civil& c);  // 0: Sunday
int year_day_of(const Civil& c);

class Zone {
 public:
  virtual ~Zone() = default;
  // Offset and abbreviation at a moment.
  virtual std::pair<int, std::string> at(int64_t seconds) const = 0;
};
// "UTC", "" (UTC), "Local" (UTC), or a name of the tz database. null when unknown.
std::shared_ptr<const Zone> find_zone(std::string_view name);
// The moment at which a zone's clock shows these local seconds.
int64_t to_utc(const Zone& zone, int64_t local_seconds);

Civil to_civil(int64_t seconds, int64_t nanosecond, const Zone& zone);
std::string format_time(const Civil& c, std::string_view layout);
// Seconds since 1970 and nanoseconds; `problem` says why not.
struct Moment {
  int64_t seconds = 0, nanosecond = 0;
};
std::optional<Moment> parse_go_time(std::string_view layout, std::string_view value, std::string& problem);
// "1h15m30.918273645s" in nanoseconds.
std::optional<int64_t> parse_go_duration(std::string_view text);

}  // namespace waybill::rego
