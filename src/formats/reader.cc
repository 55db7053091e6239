#include "waybill/formats/reader.h"

#include "waybill/base/bytes.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/purl.h"
#include "waybill/identity/subject.h"

namespace waybill::formats {

Time time_or_warn(facts::Batch& batch, std::string_view text, std::string_view pointer) {
  if (text.empty()) return {};
  const auto time = parse_time(text);
  if (time) return *time;
  warn(batch, std::string(pointer) + ": expected a time as in RFC 3339, found \"" + std::string(text.substr(0, 60)) + "\"");
  return {};
}

Time time_or_warn(facts::Batch& batch, const Field& field) {
  const std::string_view text = field.value().string_or("");
  if (text.empty()) return {};
  const auto time = parse_time(text);
  return time ? *time : time_or_warn(batch, text, field.pointer());
}

std::string_view keep_sha256(facts::Batch& batch, std::string_view hex) {
  if (hex.size() != 64) return {};
  char text[71] = "sha256:";
  for (size_t i = 0; i < 64; ++i) {
    const char c = to_lower(hex[i]);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return {};
    text[7 + i] = c;
  }
  return batch.keep({text, sizeof text});
}

std::string_view keep_purl(facts::Batch& batch, std::string_view purl, std::string_view pointer) {
  std::string buffer;
  const auto canonical = identity::canonical_purl(purl, buffer);
  if (canonical) return batch.keep(*canonical);
  warn(batch, std::string(pointer) + ": purl \"" + std::string(purl.substr(0, 120)) + "\" cannot be read: " + canonical.error().message());
  return {};
}

std::string_view keep_revision(facts::Batch& batch, std::string_view uri, std::string_view commit) {
  std::string text(uri);
  if (!commit.empty()) {
    // "git+https://host/repo@refs/heads/main" and a commit beside it: the commit is what holds.
    const size_t scheme = text.find("://");
    const size_t path = scheme == std::string::npos ? 0 : text.find('/', scheme + 3);
    const size_t at = path == std::string::npos ? std::string::npos : text.find('@', path);
    if (at != std::string::npos) text.resize(at);
    text += "@";
    text += commit;
  }
  const auto revision = identity::canonical_revision(text);
  return revision ? batch.keep(*revision) : std::string_view();
}

std::string_view keep_joined(facts::Batch& batch, std::string_view a, std::string_view between, std::string_view b) {
  char* out = static_cast<char*>(batch.arena.allocate(a.size() + between.size() + b.size() + 1, 1));
  char* at = out;
  for (const std::string_view part : {a, between, b}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {out, static_cast<size_t>(at - out)};
}

Result<JsonDocument> read_tree(const Reading& reading) {
  const Limits& limits = reading.options.limits;
  return JsonDocument::parse(reading.text, {.bytes = reading.options.trusted ? SIZE_MAX / 2 : limits.small_bytes, .depth = limits.depth});
}

std::string Field::pointer() const {
  std::string out(prefix_);
  for (size_t i = 0; i < count_; ++i) {
    out += '/';
    if (steps_[i].name.data() == nullptr)
      out += std::to_string(steps_[i].index);
    else
      out += steps_[i].name;
  }
  return out;
}
Error Field::wrong(std::string message) const {
  std::string place = pointer();
  return Error(Code::invalid, std::move(message)).at(place.empty() ? "the document" : std::move(place));
}

Result<std::string_view> Field::text() const {
  if (!exists()) return std::string_view();
  if (value_.is_string()) return value_.string_or("");
  return fail(wrong("expected a string, found " + std::string(to_string(value_.kind()))));
}
Result<std::string_view> Field::required_text() const {
  TRY(const std::string_view word, text());
  if (word.empty()) return fail(wrong(exists() ? "expected a string that is not empty" : "expected a string, found nothing"));
  return word;
}
Result<bool> Field::flag() const {
  if (!exists()) return false;
  if (value_.kind() == JsonKind::boolean) return value_.bool_or(false);
  return fail(wrong("expected true or false, found " + std::string(to_string(value_.kind()))));
}
Result<int64_t> Field::integer(int64_t otherwise) const {
  if (!exists()) return otherwise;
  if (value_.kind() == JsonKind::integer) return value_.int_or(otherwise);
  return fail(wrong("expected an integer, found " + std::string(to_string(value_.kind()))));
}
Result<void> Field::expect_object() const {
  if (value_.is_object()) return {};
  return fail(wrong("expected an object, found " + (exists() ? std::string(to_string(value_.kind())) : "nothing")));
}
Result<void> Field::expect_array() const {
  if (!exists() || value_.is_array()) return {};
  return fail(wrong("expected an array, found " + std::string(to_string(value_.kind()))));
}

Result<facts::Texts> keep_texts(facts::Batch& batch, const Field& array) {
  std::vector<std::string_view> texts;
  TRY_DO(each_item(array, [&](const Field& item) -> Result<void> {
    TRY(const std::string_view text, item.text());
    texts.push_back(batch.keep(text));
    return {};
  }));
  return batch.keep(texts);
}

}  // namespace waybill::formats
