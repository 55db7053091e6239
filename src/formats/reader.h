// What the parsers of this room share: the options, the batch that is being filled, and how odd things are reported.
// Private to formats/; nobody outside includes it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "waybill/base/json_in.h"
#include "waybill/facts/facts.h"
#include "waybill/formats/formats.h"
#include "waybill/formats/json_cursor.h"

namespace waybill::formats {

// What a parser works on. `text` lies in the batch's document or in its arena.
struct Reading {
  std::string_view text;
  facts::Batch& batch;
  const ParseOptions& options;
  size_t wrapped = 0;  // how many envelopes, bundles and statements are around it
};

// One function a format; each fills the batch or says why not.
Result<void> read_cyclonedx(Reading reading);
Result<void> read_spdx(Reading reading);
Result<void> read_envelope(Reading reading);
Result<void> read_bundle(Reading reading);
Result<void> read_statement(Reading reading);
Result<void> read_osv(Reading reading);
Result<void> read_known_exploited(Reading reading);
Result<void> read_exploit_prediction(Reading reading);
Result<void> read_junit(Reading reading);
Result<void> read_sarif(Reading reading);
Result<void> read_openvex(Reading reading);
Result<void> read_waybill(Reading reading);
Result<void> read_waybill_yaml(Reading reading);

// The schema's own demands on a CycloneDX document (ParseOptions::strict).
Result<void> check_cyclonedx_schema(std::string_view json, const Limits& limits);

// A SLSA provenance predicate (v0.2 or v1) about `subjects` of a statement.
Result<void> read_slsa(JsonValue predicate, std::string_view predicate_type, facts::Batch& batch);

class Field;

inline void warn(facts::Batch& batch, std::string message) {
  if (batch.warnings.size() < 100) batch.warnings.push_back(std::move(message));
}

// A time, or none with a warning that names the place.
Time time_or_warn(facts::Batch& batch, std::string_view text, std::string_view pointer);
Time time_or_warn(facts::Batch& batch, const Field& field);

// "sha256:<64 hex>" kept in the batch when the digest is one, else "".
std::string_view keep_sha256(facts::Batch& batch, std::string_view hex);
// The canonical purl, kept; "" with a warning when it cannot be read.
std::string_view keep_purl(facts::Batch& batch, std::string_view purl, std::string_view pointer);
// The canonical git+https://…@commit, kept; "" when it is none.
std::string_view keep_revision(facts::Batch& batch, std::string_view uri, std::string_view commit = {});
std::string_view keep_joined(facts::Batch& batch, std::string_view a, std::string_view between, std::string_view b);

// Reads a small document as a tree; its strings die with the tree, so facts keep copies.
Result<JsonDocument> read_tree(const Reading& reading);

// Walks a tree and says what is wrong with it, with JSON pointers. The way to a value is only written down as text when
// somebody asks for it; names must outlive the Field (they are literals, or lie in the tree).
class Field {
 public:
  Field(JsonValue value, std::string_view prefix) : value_(value), prefix_(prefix) {}
  JsonValue value() const { return value_; }
  std::string pointer() const;
  bool exists() const { return value_.exists() && !value_.is_null(); }
  Field operator[](std::string_view name) const { return {*this, value_[name], {name, 0}}; }
  Field item(JsonValue item, size_t index) const { return {*this, item, {{}, index}}; }

  // Missing and null are "": the document does not say.
  Result<std::string_view> text() const;
  Result<std::string_view> required_text() const;
  Result<bool> flag() const;  // missing: false
  Result<int64_t> integer(int64_t otherwise) const;
  Result<void> expect_object() const;  // there and an object
  Result<void> expect_array() const;   // missing and null are fine: an empty one
  Error wrong(std::string message) const;

 private:
  struct Step {
    std::string_view name;  // of a member, else
    size_t index;           // of an item
  };
  static constexpr size_t kSteps = 12;  // beyond, a pointer names what lies around the value
  Field(const Field& parent, JsonValue value, Step step) : value_(value), prefix_(parent.prefix_), count_(parent.count_) {
    for (size_t i = 0; i < count_; ++i) steps_[i] = parent.steps_[i];
    if (count_ < kSteps) steps_[count_++] = step;
  }

  JsonValue value_;
  std::string_view prefix_;
  size_t count_ = 0;
  Step steps_[kSteps];
};

// for (size_t i = 0; …) over an array's items as Fields.
template <class F>
Result<void> each_item(const Field& array, F&& f) {
  TRY_DO(array.expect_array());
  size_t index = 0;
  for (const JsonValue item : array.value().items()) TRY_DO(f(array.item(item, index++)));
  return {};
}
// Strings of an array, kept in the batch.
Result<facts::Texts> keep_texts(facts::Batch& batch, const Field& array);

}  // namespace waybill::formats
