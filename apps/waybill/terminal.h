// What commands print: results on stdout, talk on stderr; colour and progress only on a terminal, NO_COLOR respected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/json_in.h"

namespace waybill::cli {

void print(std::string_view text);  // stdout
void talk(std::string_view text);   // stderr
bool stdout_is_terminal();
bool stderr_is_terminal();
size_t terminal_columns();  // 100 where there is none

// Colour means verdict and nothing else; bold and dim are ink.
std::string bold(std::string_view text);
std::string dim(std::string_view text);
// "deny", "warn", … in its colour and with its shape: "■ deny".
std::string verdict(std::string_view word);
// The colour of a verdict around any text.
std::string in_verdict(std::string_view word, std::string_view text);

// Columns that text takes: code points, wide ones twice, escapes not at all.
size_t display_width(std::string_view text);
// At most `columns` wide, with … in the middle: versions and digests keep their ends.
std::string shorten(std::string_view text, size_t columns);
// Broken at spaces; continuation lines are indented.
std::string wrap(std::string_view text, size_t columns, size_t indent);

class Table {
 public:
  enum class Align { left, right };
  explicit Table(std::vector<std::string> heads, std::vector<Align> aligns = {});
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  size_t size() const { return rows_.size(); }
  // The last column is cut to the terminal's width; nothing is cut when stdout is no terminal.
  std::string to_string() const;

 private:
  std::vector<std::string> heads_;
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;
};

// "collecting ━━━━━━━╸      412 of 1,000   3 s" on stderr, at most 10 times a second; nothing where stderr is no terminal.
class Progress {
 public:
  Progress(std::string what, uint64_t total);
  ~Progress();
  void at(uint64_t done);

 private:
  std::string what_;
  uint64_t total_;
  int64_t started_ms_, shown_ms_ = 0;
  bool visible_, drawn_ = false;
};

std::string to_yaml(const JsonValue& value);
std::string to_pretty_json(const JsonValue& value);
// json or yaml, as --output says; true when it has printed.
bool print_as(std::string_view format, const JsonValue& value);

// "2026-11-22 14:43:07 UTC"; "3 h ago".
std::string short_time(std::string_view rfc3339);
std::string ago(std::string_view rfc3339);
std::string with_thousands(uint64_t number);
// sha256:9f2c7d1e0b6a…
std::string short_digest(std::string_view digest);

}  // namespace waybill::cli
