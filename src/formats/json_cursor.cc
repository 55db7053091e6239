#include "waybill/formats/json_cursor.h"

#include <charconv>

#include <simdjson.h>

#include "waybill/base/bytes.h"

namespace waybill::formats {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259 §6.
bool is_number(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  if (i < text.size() && text[i] == '0')
    ++i;
  else if (digits() == 0)
    return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
// Four hexadecimal digits, or -1.
int hex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int code = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    code = code << 4 | digit;
  }
  return code;
}
char* put_utf8(char* out, uint32_t code) {
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xc0 | code >> 6);
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xe0 | code >> 12);
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | code >> 18);
    *out++ = static_cast<char>(0x80 | (code >> 12 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (code & 0x3f));
  }
  return out;
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

// Walks a JSON text (valid up to the byte of interest) and tells where in the tree each byte lies.
class PointerWalk {
 public:
  explicit PointerWalk(std::string_view json) : json_(json) {}

  // Bytes must come in rising order.
  std::string at(size_t byte) {
    byte = std::min(byte, json_.size());
    while (at_ < byte) step(byte);
    std::string pointer;
    for (size_t i = 0; i < stack_.size(); ++i) {
      const Level& level = stack_[i];
      // The opening bracket itself belongs to what is around it; that is the level below.
      if (level.is_array)
        pointer += "/" + std::to_string(level.count);
      else if (!level.name.empty() || level.named)
        pointer += "/" + escape_pointer(level.name);
    }
    return pointer;
  }

 private:
  struct Level {
    bool is_array = false, named = false, due_name = true;
    size_t count = 0;
    std::string name;
  };
  void step(size_t limit) {
    const char c = json_[at_];
    if (c == '"') {
      const size_t begin = ++at_;
      while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
      at_ = std::min(at_, json_.size());
      if (!stack_.empty() && !stack_.back().is_array && stack_.back().due_name) {
        stack_.back().name = std::string(json_.substr(begin, at_ - begin));
        stack_.back().named = true;
        stack_.back().due_name = false;
      }
      if (at_ < json_.size()) ++at_;
      (void)limit;
      return;
    }
    if (c == '{' || c == '[') {
      stack_.push_back({.is_array = c == '['});
    } else if ((c == '}' || c == ']') && !stack_.empty()) {
      stack_.pop_back();
    } else if (c == ',' && !stack_.empty()) {
      Level& level = stack_.back();
      if (level.is_array) ++level.count;
      level.due_name = true;
      level.named = false;
      level.name.clear();
    }
    ++at_;
  }
  std::string_view json_;
  size_t at_ = 0;
  std::vector<Level> stack_;
};

constexpr size_t kMaxWarnings = 100;
// Texts up to this size share one index a thread; bigger ones bring their own and give it back.
constexpr size_t kSharedBytes = size_t{1} << 20;

}  // namespace

std::string pointer_at(std::string_view json, size_t byte) { return PointerWalk(json).at(byte); }

struct JsonCursor::Index {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  size_t capacity = 0;
  bool taken = false;

  bool reserve(size_t bytes) {
    if (parser && capacity >= bytes) return true;
    capacity = bytes;
    // Depth is the cursor's business: simdjson's second stage, which would need it, never runs.
    return simdjson::get_active_implementation()->create_dom_parser_implementation(bytes, 1, parser) == simdjson::SUCCESS;
  }
};

namespace {
thread_local bool shared_taken = false;
}

JsonCursor::JsonCursor() = default;
JsonCursor::~JsonCursor() {
  if (own_ == nullptr && index_ != nullptr) shared_taken = false;
}

Result<void> JsonCursor::start(std::string_view text, Arena& arena, size_t max_depth) {
  static thread_local Index shared;
  mark_bytes_ = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  text.remove_prefix(mark_bytes_);
  const bool had_shared = own_ == nullptr && index_ != nullptr;
  if (had_shared) shared_taken = false;
  text_ = text.data();
  size_ = text.size();
  arena_ = &arena;
  max_depth_ = static_cast<uint32_t>(max_depth);
  at_ = depth_ = count_ = 0;
  fresh_ = failed_ = false;
  index_ = nullptr;
  start_error_.reset();
  warnings_.clear();
  if (text.size() >= UINT32_MAX - 64) return fail(Code::exhausted, "the document is larger than 4 GiB");
  Index* index = &shared;
  if (text.size() > kSharedBytes || shared_taken) {
    if (!own_) own_ = std::make_unique<Index>();
    index = own_.get();
  } else {
    own_.reset();
  }
  // Memory of the index is touched only as far as it is used, so the shared one is made at its full size.
  if (!index->reserve(index == &shared ? kSharedBytes : std::max<size_t>(text.size(), size_t{16} << 10)))
    return fail(Code::exhausted, "no memory to read " + std::to_string(text.size()) + " bytes of JSON");
  const auto outcome = index->parser->stage1(reinterpret_cast<const uint8_t*>(text_), size_, simdjson::stage1_mode::regular);
  if (outcome != simdjson::SUCCESS) {
    failed_ = true;
    start_error_ = explain_json(text, {.bytes = SIZE_MAX, .depth = max_depth});
    return fail(*start_error_);
  }
  if (index == &shared) shared_taken = true;
  index_ = index->parser->structural_indexes.get();
  count_ = index->parser->n_structural_indexes;
  find_escape(0);
  return {};
}

void JsonCursor::go(Mark mark) {
  at_ = mark.at;
  depth_ = mark.depth;
  fresh_ = false;
  find_escape(byte_of(mark));
}

void JsonCursor::fail_at(uint32_t at, std::string message) {
  if (failed_) return;
  failed_ = true;
  error_byte_ = at < count_ ? index_[at] : size_;
  error_message_ = std::move(message);
  if (depth_ > max_depth_) {
    error_code_ = Code::exhausted;
    error_message_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
  } else {
    error_code_ = Code::invalid;
  }
}
void JsonCursor::refuse(Mark where, std::string message) { fail_at(where.at, std::move(message)); }
void JsonCursor::refuse_kind(const char* expected) {
  if (!failed_) fail_at(at_, std::string("expected ") + expected + ", found " + found());
}

Error JsonCursor::error() const {
  if (start_error_) return *start_error_;
  Error error(error_code_, error_message_);
  const std::string pointer = pointer_at(text(), error_byte_);
  std::string place = place_in_text(text(), error_byte_);
  return std::move(error).at(std::move(place)).at(pointer.empty() ? "the document" : pointer);
}

std::string JsonCursor::found() const {
  const char c = peek();
  switch (c) {
    case '\0': return at_ < count_ ? "byte 0x00" : "the end of the text";
    case '{': return "an object";
    case '[': return "an array";
    case '"': return "a string";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: break;
  }
  if (c == '-' || is_digit(c)) return "a number";
  const auto byte = static_cast<uint8_t>(c);
  if (byte > 0x20 && byte < 0x7f) return std::string("'") + c + "'";
  return "byte 0x" + to_hex(Bytes(&byte, 1));
}

void JsonCursor::warn(Mark where, std::string message) {
  if (warnings_.size() < kMaxWarnings) warnings_.push_back({byte_of(where), std::move(message)});
}
std::vector<std::string> JsonCursor::take_warnings() {
  std::vector<std::string> out;
  if (warnings_.empty()) return out;
  std::sort(warnings_.begin(), warnings_.end(), [](const Warning& a, const Warning& b) { return a.byte < b.byte; });
  PointerWalk walk(text());
  for (Warning& warning : warnings_) {
    const std::string pointer = walk.at(warning.byte);
    out.push_back((pointer.empty() ? "the document" : pointer) + ": " + warning.message);
  }
  warnings_.clear();
  return out;
}

// A string with escapes, copied; every escape is checked.
std::string_view JsonCursor::string_slow(size_t begin, size_t end) {
  char* const start = static_cast<char*>(arena_->allocate(end - begin + 1, 1));
  char* out = start;
  const char* at = text_ + begin;
  const char* const stop = text_ + end;
  const auto wrong = [&](const char* where, const char* message) -> std::string_view {
    if (!failed_) {
      failed_ = true;
      error_code_ = Code::invalid;
      error_byte_ = static_cast<size_t>(where - text_);
      error_message_ = message;
    }
    return {};
  };
  while (at < stop) {
    const auto* escape = static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(stop - at)));
    const size_t plain = static_cast<size_t>((escape != nullptr ? escape : stop) - at);
    std::memcpy(out, at, plain);
    out += plain;
    at += plain;
    if (at == stop) break;
    if (at + 1 >= stop) return wrong(at, "unknown escape in a string");
    switch (at[1]) {
      case '"': *out++ = '"'; break;
      case '\\': *out++ = '\\'; break;
      case '/': *out++ = '/'; break;
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': {
        const int first = hex4(at + 2, stop);
        if (first < 0) return wrong(at, "expected 4 hexadecimal digits after \\u");
        auto code = static_cast<uint32_t>(first);
        if (code >= 0xd800 && code < 0xe000) {
          const int second = code < 0xdc00 && stop - at >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8, stop) : -1;
          if (second < 0xdc00 || second > 0xdfff) return wrong(at, "a surrogate stands alone");
          code = 0x10000 + ((code - 0xd800) << 10) + (static_cast<uint32_t>(second) - 0xdc00);
          at += 6;
        }
        out = put_utf8(out, code);
        at += 4;
        break;
      }
      default: return wrong(at, "unknown escape in a string");
    }
    at += 2;
  }
  return {start, static_cast<size_t>(out - start)};
}

std::string_view JsonCursor::scalar_text() const {
  size_t begin = index_[at_], end = at_ + 1 < count_ ? index_[at_ + 1] : size_;
  while (end > begin && is_space(text_[end - 1])) --end;
  return {text_ + begin, end - begin};
}
void JsonCursor::scalar_check() {
  const std::string_view text = scalar_text();
  const char c = text.empty() ? '\0' : text.front();
  const bool good = c == 't' ? text == "true" : c == 'f' ? text == "false" : c == 'n' ? text == "null" : (c == '-' || is_digit(c)) && is_number(text);
  if (!good) fail_at(at_, "expected a value, found '" + std::string(text.substr(0, 20)) + "'");
}

bool JsonCursor::boolean() {
  const char c = peek();
  if (c != 't' && c != 'f') {
    refuse_kind("true or false");
    return false;
  }
  scalar_check();
  ++at_;
  return c == 't' && !failed_;
}
double JsonCursor::number() {
  const char c = peek();
  if (c != '-' && !is_digit(c)) {
    refuse_kind("a number");
    return 0;
  }
  scalar_check();
  if (failed_) return 0;
  const std::string_view text = scalar_text();
  double value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc()) {
    fail_at(at_, "the number does not fit into 64 bits");
    return 0;
  }
  ++at_;
  return value;
}
int64_t JsonCursor::integer() {
  const char c = peek();
  if (c != '-' && !is_digit(c)) {
    refuse_kind("an integer");
    return 0;
  }
  scalar_check();
  if (failed_) return 0;
  const std::string_view text = scalar_text();
  int64_t value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size()) {
    fail_at(at_, "expected an integer of 64 bits, found '" + std::string(text.substr(0, 40)) + "'");
    return 0;
  }
  ++at_;
  return value;
}

void JsonCursor::skip() {
  if (!failed_) skip_value();
}

// A string that nobody reads: only its escapes are looked at, and only where the text has any.
void JsonCursor::skip_string() {
  if (next_escape_ != SIZE_MAX) {
    const size_t begin = size_t{index_[at_]} + 1;
    if (next_escape_ < begin) find_escape(begin);
    if (next_escape_ < index_[at_ + 1]) {
      const size_t end = closing_quote(at_);
      if (next_escape_ < end) {
        Arena scratch(256);
        Arena* const kept = std::exchange(arena_, &scratch);
        string_slow(begin, end);
        arena_ = kept;
      }
    }
  }
  ++at_;
}

// As enter, next_member and next_item, without handing anything out. Recursion is bounded by max_depth.
void JsonCursor::skip_value() {
  const char open = peek();
  if (open == '"') return skip_string();
  if (open != '{' && open != '[') {
    if (at_ >= count_) return refuse_kind("a value");
    scalar_check();
    ++at_;
    return;
  }
  if (++depth_ > max_depth_) return fail_at(at_, "");
  ++at_;
  const char close = open == '{' ? '}' : ']';
  fresh_ = false;
  if (peek() == close) {
    ++at_;
    --depth_;
    return;
  }
  while (true) {
    if (open == '{') {
      if (peek() != '"') return fail_at(at_, "expected a member's name in quotation marks, found " + found());
      skip_string();
      if (peek() != ':') return fail_at(at_, "expected ':' after a member's name, found " + found());
      ++at_;
    }
    skip_value();
    if (failed_) return;
    const char next = peek();
    if (next == close) break;
    if (next != ',') return fail_at(at_, std::string("expected ',' or '") + close + "', found " + found());
    ++at_;
  }
  ++at_;
  --depth_;
}

std::string_view JsonCursor::raw() {
  if (failed_ || at_ >= count_) {
    refuse_kind("a value");
    return {};
  }
  const size_t begin = index_[at_];
  skip_value();
  if (failed_) return {};
  size_t end = at_ < count_ ? index_[at_] : size_;
  while (end > begin && is_space(text_[end - 1])) --end;
  return {text_ + begin, end - begin};
}

void JsonCursor::finish() {
  if (!failed_ && at_ < count_) fail_at(at_, "expected the end of the text, found " + found());
}

}  // namespace waybill::formats
