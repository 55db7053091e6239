#include "waybill/rego/json_value.h"

#include <cstring>

#include "waybill/base/bytes.h"
#include "waybill/base/json_in.h"
#include "waybill/rego/limits.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

class Reader {
 public:
  Reader(Heap& heap, std::string_view text) : heap_(heap), text_(text), at_(text.data()), end_(text.data() + text.size()) {}

  bool read(Value& out) {
    skip();
    if (!value(out, 0)) return false;
    skip();
    return at_ == end_;
  }

 private:
  void skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool literal(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    return true;
  }

  bool value(Value& out, uint32_t depth) {
    if (at_ == end_ || depth > kMaxNesting) return false;
    switch (*at_) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': return string(out);
      case 't': return out = Value::of(true), literal("true");
      case 'f': return out = Value::of(false), literal("false");
      case 'n': return out = Value::null(), literal("null");
      default: return number(out);
    }
  }

  static bool digit(char c) { return c >= '0' && c <= '9'; }
  bool number(Value& out) {
    const char* start = at_;
    if (at_ != end_ && *at_ == '-') ++at_;
    if (at_ == end_ || !digit(*at_)) return false;
    if (*at_ == '0')
      ++at_;
    else
      while (at_ != end_ && digit(*at_)) ++at_;
    bool plain = true;
    if (at_ != end_ && *at_ == '.') {
      plain = false;
      if (++at_ == end_ || !digit(*at_)) return false;
      while (at_ != end_ && digit(*at_)) ++at_;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      plain = false;
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (at_ == end_ || !digit(*at_)) return false;
      while (at_ != end_ && digit(*at_)) ++at_;
    }
    if (plain && at_ - start <= 18) {
      int64_t n = 0;
      const char* p = start;
      const bool negative = *p == '-';
      for (p += negative; p != at_; ++p) n = n * 10 + (*p - '0');
      if (negative && n == 0) return out = heap_.number("-0"), true;
      return out = Value::of(negative ? -n : n), true;
    }
    out = heap_.number({start, static_cast<size_t>(at_ - start)});
    return true;
  }

  // Is one of these eight bytes a quotation mark, a backslash or a control character?
  static bool ends_plain(uint64_t eight) {
    constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
    const uint64_t quote = eight ^ kOnes * '"', backslash = eight ^ kOnes * '\\';
    return ((((eight - kOnes * 0x20) & ~eight) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHigh) != 0;
  }
  bool string(Value& out) {
    const char* start = ++at_;
    for (uint64_t eight = 0; end_ - at_ >= 8; at_ += 8) {
      std::memcpy(&eight, at_, 8);
      if (ends_plain(eight)) break;
    }
    while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<uint8_t>(*at_) >= 0x20) ++at_;
    if (at_ == end_) return false;
    if (*at_ == '"') {
      out = Value::view({start, static_cast<size_t>(at_++ - start)});
      return true;
    }
    std::string built(start, at_);
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<uint8_t>(*at_) < 0x20) return false;
      if (*at_ != '\\') {
        built += *at_++;
        continue;
      }
      if (++at_ == end_) return false;
      switch (*at_++) {
        case '"': built += '"'; break;
        case '\\': built += '\\'; break;
        case '/': built += '/'; break;
        case 'b': built += '\b'; break;
        case 'f': built += '\f'; break;
        case 'n': built += '\n'; break;
        case 'r': built += '\r'; break;
        case 't': built += '\t'; break;
        case 'u': {
          uint32_t unit = 0;
          if (!hex4(unit)) return false;
          if (unit >= 0xD800 && unit <= 0xDBFF && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
            const char* back = at_;
            at_ += 2;
            uint32_t low = 0;
            if (!hex4(low)) return false;
            if (low >= 0xDC00 && low <= 0xDFFF)
              unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            else
              at_ = back, unit = 0xFFFD;
          }
          append_rune(built, unit);
          break;
        }
        default: return false;
      }
    }
    if (at_ == end_) return false;
    ++at_;
    out = heap_.string(built);
    return true;
  }
  bool hex4(uint32_t& out) {
    if (end_ - at_ < 4) return false;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = *at_;
      out = out << 4;
      if (digit(c))
        out |= static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        out |= static_cast<uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        out |= static_cast<uint32_t>(c - 'A' + 10);
      else
        return false;
    }
    return true;
  }

  bool array(Value& out, uint32_t depth) {
    ++at_;
    const size_t base = stack_.size();
    skip();
    if (at_ != end_ && *at_ == ']') return ++at_, out = heap_.array({}), true;
    while (true) {
      Value item;
      skip();
      if (!value(item, depth + 1)) return false;
      stack_.push_back(item);
      skip();
      if (at_ == end_) return false;
      if (*at_ == ',') {
        ++at_;
        continue;
      }
      if (*at_++ != ']') return false;
      out = heap_.array(std::span(stack_).subspan(base));
      stack_.resize(base);
      return true;
    }
  }

  bool object(Value& out, uint32_t depth) {
    ++at_;
    const size_t base = entries_.size();
    skip();
    if (at_ != end_ && *at_ == '}') return ++at_, out = heap_.sorted_object({}), true;
    while (true) {
      Entry e;
      skip();
      if (at_ == end_ || *at_ != '"' || !string(e.key)) return false;
      skip();
      if (at_ == end_ || *at_++ != ':') return false;
      skip();
      if (!value(e.value, depth + 1)) return false;
      entries_.push_back(e);
      skip();
      if (at_ == end_) return false;
      if (*at_ == ',') {
        ++at_;
        continue;
      }
      if (*at_++ != '}') return false;
      scratch_.assign(entries_.begin() + static_cast<std::ptrdiff_t>(base), entries_.end());
      entries_.resize(base);
      out = heap_.object(scratch_);
      return true;
    }
  }

  Heap& heap_;
  std::string_view text_;
  const char* at_;
  const char* end_;
  std::vector<Value> stack_;
  std::vector<Entry> entries_, scratch_;
};

}  // namespace

Result<Value> parse_json_value(Heap& heap, std::string_view text) {
  if (text.size() > kMaxInputBytes) return fail(Code::exhausted, "JSON text is larger than 2 GiB");
  if (const auto bad = find_invalid_utf8(text)) return fail(Code::invalid, "the JSON text is not UTF-8 at " + place_in_text(text, *bad));
  Value out;
  if (!Reader(heap, text).read(out)) {
    JsonLimits limits;
    limits.bytes = kMaxInputBytes;
    return fail(explain_json(text, limits));
  }
  return out;
}

}  // namespace waybill::rego
