#include "waybill/base/json_in.h"

#include <simdjson.h>

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"

namespace waybill {
namespace {

using simdjson::internal::tape_ref;
using simdjson::internal::tape_type;

tape_ref ref(const void* document, size_t index) { return {static_cast<const simdjson::dom::document*>(document), index}; }

constexpr size_t kSmallObject = 12;

// Names of one object seen so far. In canonical JSON they ascend, and a comparison with the one before is enough; else a
// scan while they are few, then a table.
class SeenNames {
 public:
  // `members`: of which `name` is the next one, for the names before it.
  bool insert(std::string_view name, const JsonMembers& members) {
    if (ascending_) {
      if (count_ == 0 || last_ < name) {
        last_ = name;
        ++count_;
        return true;
      }
      ascending_ = false;
      auto it = members.begin();
      for (size_t i = 0; i < count_; ++i, ++it) (void)insert((*it).name, members);
    }
    if (few_.size() < kSmallObject) {
      for (const auto& other : few_)
        if (other == name) return false;
      few_.push_back(name);
      return true;
    }
    if (many_.empty()) many_.insert(few_.begin(), few_.end());
    return many_.insert(name).second;
  }

 private:
  bool ascending_ = true;
  size_t count_ = 0;
  std::string_view last_;
  std::vector<std::string_view> few_;
  absl::flat_hash_set<std::string_view> many_;
};

// Recursion is bounded by JsonLimits::depth, which the parser has enforced.
std::optional<std::string> find_duplicate_name(const JsonValue& value, std::string& path) {
  if (value.is_object()) {
    SeenNames seen;
    const auto members = value.members();
    for (const auto& [name, member] : members) {
      if (!seen.insert(name, members)) return path + "/" + std::string(name);
      if (!member.is_object() && !member.is_array()) continue;
      const size_t length = path.size();
      path.append("/").append(name);
      if (auto found = find_duplicate_name(member, path)) return found;
      path.resize(length);
    }
  } else if (value.is_array()) {
    size_t index = 0;
    for (const JsonValue& item : value.items()) {
      if (item.is_object() || item.is_array()) {
        const size_t length = path.size();
        path.append("/").append(std::to_string(index));
        if (auto found = find_duplicate_name(item, path)) return found;
        path.resize(length);
      }
      ++index;
    }
  }
  return std::nullopt;
}

void append_json(std::string& out, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::object: {
      out.push_back('{');
      bool first = true;
      for (const auto& [name, member] : value.members()) {
        if (!first) out.push_back(',');
        first = false;
        append_json_string(out, name);
        out.push_back(':');
        append_json(out, member);
      }
      out.push_back('}');
      break;
    }
    case JsonKind::array: {
      out.push_back('[');
      bool first = true;
      for (const JsonValue& item : value.items()) {
        if (!first) out.push_back(',');
        first = false;
        append_json(out, item);
      }
      out.push_back(']');
      break;
    }
    case JsonKind::string: append_json_string(out, value.string_or("")); break;
    case JsonKind::integer: out += value.integer_text(); break;
    case JsonKind::number: out += to_json_number(value.number_or(0)); break;
    case JsonKind::boolean: out += value.bool_or(false) ? "true" : "false"; break;
    case JsonKind::null: out += "null"; break;
  }
}

}  // namespace

std::string_view to_string(JsonKind kind) {
  switch (kind) {
    case JsonKind::object: return "an object";
    case JsonKind::array: return "an array";
    case JsonKind::string: return "a string";
    case JsonKind::integer: return "an integer";
    case JsonKind::number: return "a number";
    case JsonKind::boolean: return "a boolean";
    case JsonKind::null: return "null";
  }
  return "null";
}

JsonKind JsonValue::kind() const {
  if (!exists()) return JsonKind::null;
  switch (ref(document_, index_).tape_ref_type()) {
    case tape_type::START_OBJECT: return JsonKind::object;
    case tape_type::START_ARRAY: return JsonKind::array;
    case tape_type::STRING: return JsonKind::string;
    case tape_type::INT64:
    case tape_type::UINT64: return JsonKind::integer;
    case tape_type::DOUBLE: return JsonKind::number;
    case tape_type::TRUE_VALUE:
    case tape_type::FALSE_VALUE: return JsonKind::boolean;
    default: return JsonKind::null;
  }
}

JsonValue JsonValue::operator[](std::string_view name) const {
  for (const auto& [key, value] : members())
    if (key == name) return value;
  return {};
}
JsonValue JsonValue::at(size_t index) const {
  for (const JsonValue& item : items())
    if (index-- == 0) return item;
  return {};
}
size_t JsonValue::size() const {
  if (!is_object() && !is_array()) return 0;
  const auto here = ref(document_, index_);
  const uint32_t count = here.scope_count();
  if (count < 0xffffff) return count;  // the tape's counter is saturated beyond
  size_t exact = 0;
  if (is_object())
    for (auto it = members().begin(); it != members().end(); ++it) ++exact;
  else
    for (auto it = items().begin(); it != items().end(); ++it) ++exact;
  return exact;
}

std::string_view JsonValue::string_or(std::string_view otherwise) const { return is_string() ? ref(document_, index_).get_string_view() : otherwise; }
int64_t JsonValue::int_or(int64_t otherwise) const {
  if (!exists()) return otherwise;
  const auto here = ref(document_, index_);
  if (here.is_int64()) return here.next_tape_value<int64_t>();
  if (here.is_uint64()) {
    const auto value = here.next_tape_value<uint64_t>();
    if (value <= static_cast<uint64_t>(INT64_MAX)) return static_cast<int64_t>(value);
  }
  return otherwise;
}
double JsonValue::number_or(double otherwise) const {
  if (!exists()) return otherwise;
  const auto here = ref(document_, index_);
  if (here.is_double()) return here.next_tape_value<double>();
  if (here.is_int64()) return static_cast<double>(here.next_tape_value<int64_t>());
  if (here.is_uint64()) return static_cast<double>(here.next_tape_value<uint64_t>());
  return otherwise;
}
bool JsonValue::bool_or(bool otherwise) const {
  if (!exists()) return otherwise;
  const auto here = ref(document_, index_);
  return here.is_true() ? true : here.is_false() ? false : otherwise;
}

Result<std::string_view> JsonValue::as_string(std::string_view name) const {
  if (is_string()) return string_or("");
  return fail(Error(Code::invalid, exists() ? "expected a string, found " + std::string(waybill::to_string(kind())) : "expected a string, found nothing")
                  .at(std::string(name)));
}
Result<int64_t> JsonValue::as_int(std::string_view name) const {
  if (exists() && kind() == JsonKind::integer) {
    const auto here = ref(document_, index_);
    if (here.is_int64() || here.next_tape_value<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)) return int_or(0);
    return fail(Error(Code::invalid, "the integer does not fit into 64 bits with a sign").at(std::string(name)));
  }
  return fail(Error(Code::invalid, exists() ? "expected an integer, found " + std::string(waybill::to_string(kind())) : "expected an integer, found nothing")
                  .at(std::string(name)));
}

JsonMembers JsonValue::members() const {
  JsonMembers members;
  if (is_object()) members.object_ = *this;
  return members;
}
JsonItems JsonValue::items() const {
  JsonItems items;
  if (is_array()) items.array_ = *this;
  return items;
}
std::string JsonValue::integer_text() const {
  const auto here = ref(document_, index_);
  return here.is_uint64() ? std::to_string(here.next_tape_value<uint64_t>()) : std::to_string(here.next_tape_value<int64_t>());
}
std::string JsonValue::to_json() const {
  std::string out;
  append_json(out, *this);
  return out;
}

JsonMembers::Iterator JsonMembers::begin() const {
  Iterator it;
  it.document_ = object_.document_;
  it.index_ = object_.exists() ? object_.index_ + 1 : 0;
  return it;
}
JsonMembers::Iterator JsonMembers::end() const {
  Iterator it;
  it.document_ = object_.document_;
  it.index_ = object_.exists() ? ref(object_.document_, object_.index_).after_element() - 1 : 0;
  return it;
}
JsonMembers::Member JsonMembers::Iterator::operator*() const { return {ref(document_, index_).get_string_view(), JsonValue(document_, index_ + 1)}; }
JsonMembers::Iterator& JsonMembers::Iterator::operator++() {
  index_ = ref(document_, index_ + 1).after_element();
  return *this;
}
JsonItems::Iterator JsonItems::begin() const {
  Iterator it;
  it.document_ = array_.document_;
  it.index_ = array_.exists() ? array_.index_ + 1 : 0;
  return it;
}
JsonItems::Iterator JsonItems::end() const {
  Iterator it;
  it.document_ = array_.document_;
  it.index_ = array_.exists() ? ref(array_.document_, array_.index_).after_element() - 1 : 0;
  return it;
}
JsonItems::Iterator& JsonItems::Iterator::operator++() {
  index_ = ref(document_, index_).after_element();
  return *this;
}

struct JsonDocument::State {
  simdjson::dom::document document;
};

JsonDocument::JsonDocument(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonValue JsonDocument::root() const { return {&state_->document, 1}; }

Result<JsonDocument> JsonDocument::parse(std::string_view json, const JsonLimits& limits) {
  if (json.size() > limits.bytes)
    return fail(Code::exhausted, "the JSON is " + std::to_string(json.size()) + " bytes long, the limit is " + std::to_string(limits.bytes));
  if (json.starts_with("\xef\xbb\xbf")) json.remove_prefix(3);
  auto state = std::make_unique<State>();
  simdjson::dom::parser parser(limits.bytes + 1);
  if (parser.allocate(std::max<size_t>(json.size(), 64), limits.depth) != simdjson::SUCCESS)
    return fail(Code::exhausted, "no memory to read " + std::to_string(json.size()) + " bytes of JSON");
  const auto result = parser.parse_into_document(state->document, json.data(), json.size(), true);
  if (result.error() != simdjson::SUCCESS) return fail(explain_json(json, limits));
  JsonDocument document(std::move(state));
  std::string path;
  if (auto duplicate = find_duplicate_name(document.root(), path)) return fail(Error(Code::invalid, "the name stands twice in one object").at(*duplicate));
  return document;
}

std::string place_in_text(std::string_view text, size_t byte) {
  byte = std::min(byte, text.size());
  size_t line = 1, line_start = 0;
  for (size_t i = 0; i < byte; ++i)
    if (text[i] == '\n') ++line, line_start = i + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(byte - line_start + 1) + " (byte " + std::to_string(byte) + ")";
}

namespace {

// A recursive-descent reader with an explicit stack: it only finds the first mistake.
class Explainer {
 public:
  Explainer(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  Error explain() {
    if (auto byte = find_invalid_utf8(text_)) return error(*byte, "the text is not valid UTF-8");
    skip();
    if (at_ == text_.size()) return error(at_, "expected a JSON value, found the end of the text");
    std::string stack;  // '{' or '['
    while (true) {
      // a value is due here
      skip();
      const char c = peek();
      if (c == '{' || c == '[') {
        stack.push_back(c);
        if (stack.size() > max_depth_)
          return Error(Code::exhausted, "nested deeper than " + std::to_string(max_depth_) + " levels").at(place_in_text(text_, at_));
        ++at_;
        skip();
        if (peek() == (c == '{' ? '}' : ']')) {
          ++at_;
          stack.pop_back();
        } else {
          if (c == '{')
            if (auto wrong = member_name()) return *wrong;
          continue;
        }
      } else if (c == '"') {
        if (auto wrong = string()) return *wrong;
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        if (auto wrong = number()) return *wrong;
      } else if (!literal()) {
        return error(at_, "expected a value, found " + found());
      }
      // a value has ended
      while (true) {
        skip();
        if (stack.empty()) {
          if (at_ < text_.size()) return error(at_, "expected the end of the text, found " + found());
          return Error(Code::invalid, "a number is too large or too precise to be read").at("JSON");
        }
        const char close = stack.back() == '{' ? '}' : ']';
        if (peek() == close) {
          ++at_;
          stack.pop_back();
          continue;
        }
        if (peek() != ',') return error(at_, std::string("expected ',' or '") + close + "', found " + found());
        ++at_;
        if (stack.back() == '{')
          if (auto wrong = member_name()) return *wrong;
        break;
      }
    }
  }

 private:
  Error error(size_t byte, std::string message) const { return Error(Code::invalid, std::move(message)).at(place_in_text(text_, byte)); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  std::string found() const {
    if (at_ >= text_.size()) return "the end of the text";
    const auto c = static_cast<uint8_t>(text_[at_]);
    if (c >= 0x20 && c < 0x7f) return std::string("'") + text_[at_] + "'";
    return "byte 0x" + to_hex(Bytes(&c, 1));
  }
  std::optional<Error> member_name() {
    skip();
    if (peek() != '"') return error(at_, "expected a member's name in quotation marks, found " + found());
    if (auto wrong = string()) return wrong;
    skip();
    if (peek() != ':') return error(at_, "expected ':' after a member's name, found " + found());
    ++at_;
    return std::nullopt;
  }
  std::optional<Error> string() {
    const size_t start = at_++;
    for (; at_ < text_.size(); ++at_) {
      const auto c = static_cast<uint8_t>(text_[at_]);
      if (c == '"') {
        ++at_;
        return std::nullopt;
      }
      if (c < 0x20) return error(at_, "a control character in a string must be escaped");
      if (c != '\\') continue;
      ++at_;
      const char escape = peek();
      if (escape == 'u') {
        if (at_ + 4 >= text_.size() || !parse_hex(text_.substr(at_ + 1, 4))) return error(at_, "expected 4 hexadecimal digits after \\u");
        const auto code = std::stoul(std::string(text_.substr(at_ + 1, 4)), nullptr, 16);
        at_ += 4;
        if (code >= 0xd800 && code <= 0xdfff) {
          const auto low = text_.substr(std::min(at_ + 1, text_.size()), 6);
          const bool pair = code < 0xdc00 && low.size() == 6 && low[0] == '\\' && low[1] == 'u' && parse_hex(low.substr(2)) &&
                            (low[2] == 'd' || low[2] == 'D') && std::string_view("cdefCDEF").find(low[3]) != std::string_view::npos;
          if (!pair) return error(at_ - 5, "a surrogate stands alone");
          at_ += 6;
        }
      } else if (std::string_view("\"\\/bfnrt").find(escape) == std::string_view::npos || at_ >= text_.size()) {
        return error(at_, "unknown escape in a string");
      }
    }
    return error(start, "the string that begins here has no end");
  }
  std::optional<Error> number() {
    const size_t start = at_;
    auto run = [&] {
      const size_t from = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      return at_ - from;
    };
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const size_t whole = run();
    if (whole == 0) return error(at_, "expected a digit, found " + found());
    if (zero && whole > 1) return error(start, "a number may not begin with 0");
    if (peek() == '.') {
      ++at_;
      if (run() == 0) return error(at_, "expected a digit after the decimal point, found " + found());
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (run() == 0) return error(at_, "expected a digit in the exponent, found " + found());
    }
    return std::nullopt;
  }
  bool literal() {
    for (std::string_view word : {"true", "false", "null"})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    return false;
  }

  std::string_view text_;
  size_t max_depth_, at_ = 0;
};

}  // namespace

Error explain_json(std::string_view json, const JsonLimits& limits) { return Explainer(json, limits.depth).explain(); }

}  // namespace waybill
