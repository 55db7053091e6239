#include "apps/waybill/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "waybill/base/json_out.h"
#include "waybill/base/time.h"

namespace waybill::cli {
namespace {

bool colour() {
  static const bool on = [] {
    const char* no = std::getenv("NO_COLOR");
    if (no != nullptr && *no != '\0') return false;
    const char* term = std::getenv("TERM");
    return stdout_is_terminal() && (term == nullptr || std::string_view(term) != "dumb");
  }();
  return on;
}
std::string paint(const char* code, std::string_view text) {
  return colour() ? "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m" : std::string(text);
}
const char* colour_of(std::string_view word) {
  if (word == "deny" || word == "denied") return "31";
  if (word == "warn") return "33";
  if (word == "ask") return "34";
  if (word == "allow" || word == "allowed") return "32";
  return "2";
}
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}
// The code point that begins at `at`, which moves behind it; broken bytes count as one each.
uint32_t next_code_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  uint32_t code = lead & (0x3f >> more);
  for (int i = 0; i < more && at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80; ++i)
    code = code << 6 | (static_cast<uint8_t>(text[at++]) & 0x3f);
  return code;
}
size_t width_of(uint32_t code) {
  if (code == 0x200b || code == 0x200d || (code >= 0x300 && code <= 0x36f) || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  if ((code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1f64f) || (code >= 0x20000 && code <= 0x3fffd))
    return 2;
  return 1;
}
int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void append_yaml(std::string& out, const JsonValue& value, size_t indent, bool after_dash);

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  if (text.find_first_of(":#{}[],&*!|>'\"%@`\n\t\\") != std::string_view::npos || text.front() == ' ' || text.back() == ' ' || text.front() == '-' ||
      text.front() == '?')
    return true;
  const std::string_view words[] = {"true", "false", "null", "yes", "no", "on", "off", "~", "True", "False", "Null", "Yes", "No", "On", "Off"};
  for (const auto word : words)
    if (text == word) return true;
  return text.find_first_not_of("0123456789+-.eExX_") == std::string_view::npos;
}
void append_yaml_scalar(std::string& out, const JsonValue& value) {
  if (value.is_string())
    out += needs_quotes(value.string_or("")) ? to_json_string(value.string_or("")) : std::string(value.string_or(""));
  else
    out += value.to_json();
}
void append_yaml(std::string& out, const JsonValue& value, size_t indent, bool after_dash) {
  if (value.is_object() && value.size() > 0) {
    bool first = after_dash;
    for (const auto& [name, member] : value.members()) {
      if (!first) out += std::string(indent, ' ');
      first = false;
      out += needs_quotes(name) ? to_json_string(name) : std::string(name);
      out += ":";
      if ((member.is_object() || member.is_array()) && member.size() > 0) {
        out += "\n";
        append_yaml(out, member, member.is_array() ? indent : indent + 2, false);
      } else {
        out += " ";
        append_yaml_scalar(out, member);
        out += "\n";
      }
    }
  } else if (value.is_array() && value.size() > 0) {
    for (const JsonValue& item : value.items()) {
      out += std::string(indent, ' ') + "- ";
      if ((item.is_object() || item.is_array()) && item.size() > 0)
        append_yaml(out, item, indent + 2, item.is_object());
      else {
        append_yaml_scalar(out, item);
        out += "\n";
      }
    }
  } else {
    append_yaml_scalar(out, value);
    out += "\n";
  }
}
void append_pretty(std::string& out, const JsonValue& value, size_t indent) {
  const bool object = value.is_object();
  if ((!object && !value.is_array()) || value.size() == 0) {
    out += value.to_json();
    return;
  }
  out += object ? "{\n" : "[\n";
  bool first = true;
  auto separate = [&] {
    if (!first) out += ",\n";
    first = false;
    out += std::string(indent + 2, ' ');
  };
  if (object)
    for (const auto& [name, member] : value.members()) {
      separate();
      append_json_string(out, name);
      out += ": ";
      append_pretty(out, member, indent + 2);
    }
  else
    for (const JsonValue& item : value.items()) {
      separate();
      append_pretty(out, item, indent + 2);
    }
  out += "\n" + std::string(indent, ' ') + (object ? "}" : "]");
}

}  // namespace

void print(std::string_view text) { write_all(1, text); }
void talk(std::string_view text) { write_all(2, text); }
bool stdout_is_terminal() { return isatty(1) == 1; }
bool stderr_is_terminal() { return isatty(2) == 1; }
size_t terminal_columns() {
  winsize size{};
  if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 100;
}

std::string bold(std::string_view text) { return paint("1", text); }
std::string dim(std::string_view text) { return paint("2", text); }
std::string in_verdict(std::string_view word, std::string_view text) { return paint(colour_of(word), text); }
std::string verdict(std::string_view word) {
  const char* shape = word == "deny" ? "■" : word == "ask" ? "◆" : word == "warn" ? "▲" : word == "allow" ? "●" : "◌";
  return paint(colour_of(word), std::string(shape) + " " + std::string(word));
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {
      while (at < text.size() && text[at] != 'm') ++at;
      if (at < text.size()) ++at;
      continue;
    }
    width += width_of(next_code_point(text, at));
  }
  return width;
}
std::string shorten(std::string_view text, size_t columns) {
  if (display_width(text) <= columns || columns < 5) return std::string(text);
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size();) {
    starts.push_back(at);
    next_code_point(text, at);
  }
  const size_t tail = (columns - 1) / 2, head = columns - 1 - tail;
  if (starts.size() <= head + tail) return std::string(text);
  return std::string(text.substr(0, starts[head])) + "…" + std::string(text.substr(starts[starts.size() - tail]));
}
std::string wrap(std::string_view text, size_t columns, size_t indent) {
  std::string out;
  size_t width = 0;
  size_t from = 0;
  while (from <= text.size()) {
    auto to = text.find(' ', from);
    if (to == std::string_view::npos) to = text.size();
    const auto word = text.substr(from, to - from);
    const size_t w = display_width(word);
    if (width > 0 && width + 1 + w > columns) {
      out += "\n" + std::string(indent, ' ');
      width = 0;
    } else if (width > 0) {
      out += " ";
      ++width;
    }
    out += word;
    width += w;
    from = to + 1;
  }
  return out;
}

Table::Table(std::vector<std::string> heads, std::vector<Align> aligns) : heads_(std::move(heads)), aligns_(std::move(aligns)) {
  aligns_.resize(heads_.size(), Align::left);
}
void Table::add(std::vector<std::string> cells) {
  cells.resize(heads_.size());
  rows_.push_back(std::move(cells));
}
std::string Table::to_string() const {
  std::vector<size_t> widths(heads_.size());
  for (size_t i = 0; i < heads_.size(); ++i) widths[i] = display_width(heads_[i]);
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  std::string out;
  auto line = [&](const std::vector<std::string>& cells, bool head) {
    size_t used = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      std::string cell = cells[i];
      if (last && stdout_is_terminal() && aligns_[i] == Align::left && used + 20 < terminal_columns())
        cell = shorten(cell, std::max<size_t>(terminal_columns() - used, 20));
      const size_t pad = widths[i] > display_width(cell) ? widths[i] - display_width(cell) : 0;
      if (head) cell = dim(cell);
      if (aligns_[i] == Align::right) out += std::string(pad, ' ');
      out += cell;
      if (aligns_[i] == Align::left && !last) out += std::string(pad, ' ');
      if (!last) out += "  ";
      used += widths[i] + 2;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += "\n";
  };
  line(heads_, true);
  for (const auto& row : rows_) line(row, false);
  return out;
}

Progress::Progress(std::string what, uint64_t total) : what_(std::move(what)), total_(total), started_ms_(monotonic_ms()), visible_(stderr_is_terminal()) {}
void Progress::at(uint64_t done) {
  if (!visible_) return;
  const int64_t now = monotonic_ms();
  if (now - started_ms_ < 300 || (now - shown_ms_ < 100 && done != total_)) return;
  shown_ms_ = now;
  drawn_ = true;
  constexpr size_t kBar = 24;
  const size_t full = total_ > 0 ? static_cast<size_t>(kBar * done / total_) : 0;
  std::string bar;
  for (size_t i = 0; i < kBar; ++i) bar += i < full ? "━" : " ";
  talk("\r\x1b[K" + what_ + " " + bar + " " + with_thousands(done) + (total_ > 0 ? " of " + with_thousands(total_) : "") + "   " +
       std::to_string((now - started_ms_) / 1000) + " s");
}
Progress::~Progress() {
  if (drawn_) talk("\r\x1b[K");
}

std::string to_yaml(const JsonValue& value) {
  std::string out;
  append_yaml(out, value, 0, false);
  return out;
}
std::string to_pretty_json(const JsonValue& value) {
  std::string out;
  append_pretty(out, value, 0);
  out.push_back('\n');
  return out;
}
bool print_as(std::string_view format, const JsonValue& value) {
  if (format == "json") {
    print(to_pretty_json(value));
    return true;
  }
  if (format == "yaml") {
    print(to_yaml(value));
    return true;
  }
  return false;
}

std::string short_time(std::string_view rfc3339) {
  const auto time = parse_time(rfc3339);
  if (!time) return std::string(rfc3339);
  std::string text = to_rfc3339(*time);
  text[10] = ' ';
  text.back() = ' ';
  return text + "UTC";
}
std::string ago(std::string_view rfc3339) {
  const auto time = parse_time(rfc3339);
  if (!time) return std::string(rfc3339);
  const int64_t ms = Clock::system().now().ms - time->ms;
  if (ms < 0) return short_time(rfc3339);
  if (ms < kMinuteMs) return std::to_string(ms / 1000) + " s ago";
  if (ms < kHourMs) return std::to_string(ms / kMinuteMs) + " min ago";
  if (ms < 2 * kDayMs) return std::to_string(ms / kHourMs) + " h ago";
  return std::to_string(ms / kDayMs) + " d ago";
}
std::string with_thousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}
std::string short_digest(std::string_view digest) {
  if (digest.size() <= 19) return std::string(digest);
  return std::string(digest.substr(0, 19)) + "…";
}

}  // namespace waybill::cli
