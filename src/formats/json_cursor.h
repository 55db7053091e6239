// One pass over a big JSON text, straight from simdjson's index of its structural characters: for the formats whose
// documents come in megabytes (CycloneDX, SPDX, OSV). Everything else uses base/json_in.h.
//
// Why not simdjson's own on-demand reader: it does not look at what it skips, wants 32 bytes of padding behind the text
// (a copy of 200 MB) and copies every string. This one checks the grammar of every value, skipped or not, and hands out
// views into the text; only strings with escapes are copied, into an arena.
//
// Errors are sticky: after the first one every loop ends, every value is empty, and error() says where it was. So a
// reader is written without a test after each step:
//
//   cursor.enter_object();
//   for (std::string_view name; cursor.next_member(name);) {
//     if (name == "purl") purl = cursor.string();
//     else cursor.skip();
//   }
//   if (!cursor.ok()) return fail(cursor.error());
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/arena.h"
#include "waybill/base/json_in.h"
#include "waybill/base/result.h"

namespace waybill::formats {

class JsonCursor {
 public:
  // A place to come back to.
  struct Mark {
    uint32_t at = 0;
    uint32_t depth = 0;
  };

  JsonCursor();
  ~JsonCursor();
  JsonCursor(const JsonCursor&) = delete;
  JsonCursor& operator=(const JsonCursor&) = delete;

  // `text` and `arena` must outlive what is read. A byte order mark is passed over. May be called again for another text.
  // Fails at once for what is no UTF-8, has an open string or a raw control character in one.
  Result<void> start(std::string_view text, Arena& arena, size_t max_depth);

  bool ok() const { return !failed_; }
  // The first error: its JSON pointer, line and byte, what was expected and found.
  Error error() const;

  // First character of the value that is due: { [ " - 0…9 t f n, or 0 at the end of the text.
  char peek() const { return at_ < count_ ? text_[index_[at_]] : '\0'; }
  bool is_null() const { return peek() == 'n'; }

  // At an object: goes in. At anything else: an error.
  void enter_object();
  // The next member's name, and the cursor stands at its value, which must be read, entered or skipped before the next
  // call. False at the end of the object (which is left) and after an error.
  bool next_member(std::string_view& name);
  void enter_array();
  bool next_item();

  // A string; anything else is an error.
  std::string_view string();
  // A string; null counts as "" (SPDX and many tools write it); anything else is an error.
  std::string_view string_or_null() {
    if (peek() != 'n') return string();
    skip();
    return {};
  }
  bool boolean();
  double number();
  int64_t integer();
  // Any value, with its grammar checked.
  void skip();
  // The text of any value as it stands in the document, also skipped.
  std::string_view raw();
  // After the root value: nothing more may come.
  void finish();

  // Makes an error at the value that is due (or that `where` marks).
  void refuse(std::string message) { refuse(mark(), std::move(message)); }
  void refuse(Mark where, std::string message);
  // What was expected at the value that is due: "expected a string, found an array".
  void refuse_kind(const char* expected);
  // Something odd that is let pass; its JSON pointer is put before it by take_warnings().
  void warn(Mark where, std::string message);
  // At most 100, in the order of the document.
  std::vector<std::string> take_warnings();

  Mark mark() const { return {at_, depth_}; }
  void go(Mark mark);
  // Byte of a mark in the text.
  size_t byte_of(Mark mark) const { return mark.at < count_ ? index_[mark.at] : size_; }
  std::string_view text() const { return {text_, size_}; }

 private:
  struct Index;  // simdjson's
  void fail_at(uint32_t at, std::string message);
  std::string_view string_slow(size_t begin, size_t end);
  void skip_value();
  void skip_string();
  void scalar_check();
  std::string_view scalar_text() const;
  std::string found() const;

  // End of the string whose opening quote stands at index at: the byte of its closing quote.
  size_t closing_quote(uint32_t at) const {
    size_t end = index_[at + 1];
    do --end;
    while (text_[end] != '"');  // only white space stands between a string and what comes next
    return end;
  }
  bool has_escape(size_t begin, size_t end) {
    if (next_escape_ < begin) find_escape(begin);
    return next_escape_ < end;
  }
  void find_escape(size_t from) {
    const void* found = from < size_ ? std::memchr(text_ + from, '\\', size_ - from) : nullptr;
    next_escape_ = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - text_) : SIZE_MAX;
  }

  const char* text_ = nullptr;
  const uint32_t* index_ = nullptr;
  size_t size_ = 0, next_escape_ = 0;
  uint32_t at_ = 0, count_ = 0, depth_ = 0, max_depth_ = 0;
  bool fresh_ = false, failed_ = false;
  Arena* arena_ = nullptr;
  size_t mark_bytes_ = 0;  // of a byte order mark
  std::unique_ptr<Index> own_;
  size_t error_byte_ = 0;
  std::string error_message_;
  Code error_code_ = Code::invalid;
  std::optional<Error> start_error_;
  struct Warning {
    size_t byte;
    std::string message;
  };
  std::vector<Warning> warnings_;
};

// The JSON pointer of whatever value (or member name) holds this byte, "" for the root. Reads the text from its start.
std::string pointer_at(std::string_view json, size_t byte);

// Inlined: these three are most of a big document's time.
inline bool JsonCursor::next_member(std::string_view& name) {
  if (failed_) return false;
  char c = peek();
  if (!fresh_) {
    if (c == ',') {
      ++at_;
      c = peek();
      if (c != '"') {
        fail_at(at_, "expected a member's name in quotation marks, found " + found());
        return false;
      }
    } else if (c != '}') {
      fail_at(at_, "expected ',' or '}' after a member, found " + found());
      return false;
    }
  }
  fresh_ = false;
  if (c == '}') {
    ++at_;
    --depth_;
    return false;
  }
  if (c != '"') {
    fail_at(at_, "expected a member's name in quotation marks, found " + found());
    return false;
  }
  const size_t begin = size_t{index_[at_]} + 1, end = closing_quote(at_);
  name = has_escape(begin, end) ? string_slow(begin, end) : std::string_view(text_ + begin, end - begin);
  ++at_;
  if (peek() != ':') {
    fail_at(at_, "expected ':' after a member's name, found " + found());
    return false;
  }
  ++at_;
  return !failed_;
}

inline bool JsonCursor::next_item() {
  if (failed_) return false;
  char c = peek();
  if (!fresh_) {
    if (c == ',') {
      ++at_;
      if (peek() == ']') {
        fail_at(at_, "expected a value after ',', found ']'");
        return false;
      }
      return true;
    }
    if (c != ']') {
      fail_at(at_, "expected ',' or ']' after an item, found " + found());
      return false;
    }
  }
  fresh_ = false;
  if (c != ']') return true;
  ++at_;
  --depth_;
  return false;
}

inline std::string_view JsonCursor::string() {
  if (peek() != '"') {
    refuse_kind("a string");
    return {};
  }
  const size_t begin = size_t{index_[at_]} + 1, end = closing_quote(at_);
  ++at_;
  if (has_escape(begin, end)) return string_slow(begin, end);
  return {text_ + begin, end - begin};
}

inline void JsonCursor::enter_object() {
  if (peek() != '{') return refuse_kind("an object");
  if (++depth_ > max_depth_) return fail_at(at_, "");
  ++at_;
  fresh_ = true;
}
inline void JsonCursor::enter_array() {
  if (peek() != '[') return refuse_kind("an array");
  if (++depth_ > max_depth_) return fail_at(at_, "");
  ++at_;
  fresh_ = true;
}

}  // namespace waybill::formats
