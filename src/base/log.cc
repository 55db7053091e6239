#include "waybill/base/log.h"

#include <unistd.h>

#include <atomic>

#include "waybill/base/json_out.h"
#include "waybill/base/time.h"

namespace waybill {
namespace {
std::atomic<Level> g_level{Level::info};
std::atomic<LogForm> g_form{LogForm::automatic};

std::string_view to_string(Level level) {
  constexpr std::string_view kWords[] = {"debug", "info", "warn", "error", "silent"};
  return kWords[static_cast<size_t>(level)];
}
}  // namespace

void set_log_level(Level level) { g_level.store(level, std::memory_order_relaxed); }
Level log_level() { return g_level.load(std::memory_order_relaxed); }
void set_log_form(LogForm form) { g_form.store(form, std::memory_order_relaxed); }

std::string format_event(Level level, std::string_view event, std::initializer_list<Field> fields, LogForm form, int64_t time_ms) {
  if (form == LogForm::json) {
    JsonWriter w;
    w.begin_object().field("time", to_rfc3339_ms({time_ms})).field("level", to_string(level)).field("event", event);
    for (const auto& field : fields) {
      w.key(field.name);
      field.is_number ? w.value(field.number) : w.value(field.text);
    }
    w.end_object();
    return std::move(w).take() + "\n";
  }
  std::string line = to_rfc3339_ms({time_ms}).substr(11, 8);
  line += ' ';
  line += to_string(level);
  line.append(6 - to_string(level).size(), ' ');
  line += event;
  const char* gap = "  ";
  for (const auto& field : fields) {
    line += gap;
    gap = " ";
    line += field.name;
    line += '=';
    if (field.is_number) {
      line += std::to_string(field.number);
    } else if (field.text.find_first_of(" \"=\n\t") == std::string_view::npos && !field.text.empty()) {
      line += field.text;
    } else {
      append_json_string(line, field.text);
    }
  }
  line += '\n';
  // What came from outside must not steer a terminal.
  for (size_t i = 0; i + 1 < line.size(); ++i)
    if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7f) line[i] = '?';
  return line;
}

void say(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!says(level)) return;
  LogForm form = g_form.load(std::memory_order_relaxed);
  if (form == LogForm::automatic) form = ::isatty(2) != 0 ? LogForm::pretty : LogForm::json;
  const std::string line = format_event(level, event, fields, form, Clock::system().now().ms);
  for (size_t at = 0; at < line.size();) {
    const ssize_t n = ::write(2, line.data() + at, line.size() - at);
    if (n <= 0) return;
    at += static_cast<size_t>(n);
  }
}

}  // namespace waybill
