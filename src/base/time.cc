#include "waybill/base/time.h"

#include <chrono>
#include <cstdio>

namespace waybill {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date, and back. After Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t yoe = year - era * 400;
  const int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}
struct Date {
  int64_t year;
  int month, day;
};
Date date_of(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t doe = days - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2), month, static_cast<int>(doy - (153 * mp + 2) / 5 + 1)};
}
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

bool digits(std::string_view text, size_t at, size_t count, int& out) {
  if (at + count > text.size()) return false;
  out = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}
int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0)) return 29;
  return kDays[month - 1];
}
tl::unexpected<Error> bad(std::string_view text) {
  return fail(Code::invalid, "\"" + std::string(text) + "\" is no time: expected RFC 3339 as in 2026-11-22T14:43:00Z");
}

struct SystemClock final : Clock {
  Time now() const override { return {std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; }
};

}  // namespace

std::string to_rfc3339(Time time) {
  const int64_t seconds = floor_div(time.ms, 1000), days = floor_div(seconds, 86400), rest = seconds - days * 86400;
  const Date date = date_of(days);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(date.year), date.month, date.day, static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return out;
}
std::string to_rfc3339_ms(Time time) {
  std::string out = to_rfc3339(time);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(time.ms - floor_div(time.ms, 1000) * 1000));
  out.pop_back();
  return out + fraction;
}
std::string to_date(Time time) { return to_rfc3339(time).substr(0, 10); }

Result<Time> parse_time(std::string_view text) {
  int year, month, day, hour = 0, minute = 0, second = 0;
  if (!digits(text, 0, 4, year) || text.size() < 10 || text[4] != '-' || !digits(text, 5, 2, month) || text[7] != '-' || !digits(text, 8, 2, day) ||
      month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
    return bad(text);
  int64_t ms = days_of(year, month, day) * kDayMs;
  if (text.size() == 10) return Time{ms};
  if ((text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !digits(text, 11, 2, hour) || text.size() < 20 || text[13] != ':' ||
      !digits(text, 14, 2, minute) || text[16] != ':' || !digits(text, 17, 2, second) || hour > 23 || minute > 59 || second > 60)
    return bad(text);
  ms += hour * kHourMs + minute * kMinuteMs + second * kSecondMs;
  size_t at = 19;
  if (text[at] == '.') {
    int64_t scale = 100;
    const size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) ms += (text[at] - '0') * scale;
    if (at == first) return bad(text);
  }
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) return Time{ms};
  if (at + 6 == text.size() && (text[at] == '+' || text[at] == '-') && text[at + 3] == ':' && digits(text, at + 1, 2, hour) &&
      digits(text, at + 4, 2, minute) && hour <= 23 && minute <= 59) {
    const int64_t offset = hour * kHourMs + minute * kMinuteMs;
    return Time{text[at] == '+' ? ms - offset : ms + offset};
  }
  return bad(text);
}

Result<int64_t> parse_duration_ms(std::string_view text) {
  int64_t total = 0;
  size_t at = 0;
  while (at < text.size()) {
    int64_t number = 0;
    const size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && at - first < 9; ++at) number = number * 10 + (text[at] - '0');
    if (at == first || at == text.size()) break;
    int64_t unit = 0;
    switch (text[at]) {
      case 'd': unit = kDayMs; break;
      case 'h': unit = kHourMs; break;
      case 'm': unit = kMinuteMs; break;
      case 's': unit = kSecondMs; break;
      default: break;
    }
    if (unit == 0) break;
    total += number * unit;
    if (++at == text.size()) return total;
  }
  return fail(Code::invalid, "\"" + std::string(text) + "\" is no duration: expected days, hours, minutes or seconds as in 14d, 36h, 15m or 30s");
}

int64_t days_between(Time from, Time to) { return floor_div(to.ms - from.ms, kDayMs); }
int64_t hours_between(Time from, Time to) { return floor_div(to.ms - from.ms, kHourMs); }

Clock& Clock::system() {
  static SystemClock clock;
  return clock;
}

}  // namespace waybill
