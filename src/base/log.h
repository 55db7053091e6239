// What the program says about itself while it runs: one line an event on stderr, JSON, or readable on a terminal.
//
// Called by server/ and the apps. Not the log of entries (log/ is that): nothing here is evidence, and what cannot be
// written is lost. Thread-safe; a line is one write(2). Never writes secrets: callers name what they put in.
//
//   say(Level::info, "listening", {{"url", "http://127.0.0.1:8620"}, {"entries", 42}});
//   14:43:07 info  listening  url=http://127.0.0.1:8620 entries=42
//   {"time":"2026-11-22T14:43:07.123Z","level":"info","event":"listening","url":"http://127.0.0.1:8620","entries":42}
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace waybill {

enum class Level : uint8_t { debug, info, warn, error, silent };

struct Field {
  std::string_view name;
  std::string_view text;
  int64_t number = 0;
  bool is_number = false;

  Field(std::string_view n, std::string_view t) : name(n), text(t) {}
  Field(std::string_view n, const char* t) : name(n), text(t) {}
  Field(std::string_view n, const std::string& t) : name(n), text(t) {}
  template <std::integral Number>
  Field(std::string_view n, Number v) : name(n), number(static_cast<int64_t>(v)), is_number(true) {}
};

enum class LogForm : uint8_t { automatic, json, pretty };

// What is below is not written. Info at the start.
void set_log_level(Level level);
Level log_level();
void set_log_form(LogForm form);
inline bool says(Level level) { return level >= log_level(); }
void say(Level level, std::string_view event, std::initializer_list<Field> fields = {});
// The line that say() writes, with its line feed: for tests.
std::string format_event(Level level, std::string_view event, std::initializer_list<Field> fields, LogForm form, int64_t time_ms);

}  // namespace waybill
