// YAML as JSON text: the only file that knows yaml-cpp, which has no limits of its own and throws.
//
// The JSON-like part of YAML 1.2: maps with string keys, lists, scalars, anchors and aliases within limits. A plain scalar
// is null, a boolean or a number when JSON writes it so; `yes`, `0123` and `2026-01-01` are strings, as is what is quoted.
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

constexpr size_t kMaxOutput = size_t{4} << 20;

std::string place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return "the document";
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

bool is_json_number(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const size_t first = i;
  const size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
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

class Converter {
 public:
  explicit Converter(size_t max_depth) : max_depth_(max_depth) {}
  Result<void> convert(const YAML::Node& node, size_t depth) {
    if (depth > max_depth_) return fail(Error(Code::exhausted, "nested deeper than " + std::to_string(max_depth_) + " levels").at(place_of(node.Mark())));
    if (out_.text().size() > kMaxOutput)
      return fail(Error(Code::exhausted, "aliases make it larger than " + std::to_string(kMaxOutput) + " bytes").at(place_of(node.Mark())));
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: out_.null(); return {};
      case YAML::NodeType::Scalar: scalar(node); return {};
      case YAML::NodeType::Sequence:
        out_.begin_array();
        for (const auto& item : node) TRY_DO(convert(item, depth + 1));
        out_.end_array();
        return {};
      case YAML::NodeType::Map: {
        out_.begin_object();
        absl::flat_hash_set<std::string> names;
        for (const auto& member : node) {
          if (!member.first.IsScalar()) return fail(Error(Code::invalid, "expected a text as key").at(place_of(member.first.Mark())));
          const std::string& name = member.first.Scalar();
          if (!names.insert(name).second)
            return fail(Error(Code::invalid, "the key \"" + name.substr(0, 60) + "\" stands twice in one map").at(place_of(member.first.Mark())));
          out_.key(name);
          TRY_DO(convert(member.second, depth + 1));
        }
        out_.end_object();
        return {};
      }
    }
    return {};
  }
  std::string take() && { return std::move(out_).take(); }

 private:
  void scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    const bool plain = node.Tag() == "?" || node.Tag().empty();
    if (!plain)
      out_.value(text);
    else if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
      out_.null();
    else if (text == "true" || text == "True" || text == "TRUE")
      out_.value(true);
    else if (text == "false" || text == "False" || text == "FALSE")
      out_.value(false);
    else if (is_json_number(text))
      out_.raw(text);
    else
      out_.value(text);
  }
  JsonWriter out_;
  size_t max_depth_;
};

// Hears everything and keeps nothing.
class Deaf : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Exactly one. (YAML::LoadAll never comes back from a stray bracket behind the first.)
Result<void> expect_one_document(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Deaf deaf;
  if (!parser.HandleNextDocument(deaf)) return fail(Error(Code::invalid, "the YAML is empty"));
  if (!parser.HandleNextDocument(deaf)) return {};
  return fail(
      Error(Code::invalid, "expected one document, found another one or something stray behind it").next("send each part between the --- lines by itself"));
}

}  // namespace

Result<std::string> yaml_to_json(std::string_view yaml, const Limits& limits) {
  if (yaml.size() > limits.yaml_bytes)
    return fail(Code::exhausted, "the YAML is " + std::to_string(yaml.size()) + " bytes long, the limit is " + std::to_string(limits.yaml_bytes));
  if (const auto byte = find_invalid_utf8(yaml)) return fail(Error(Code::invalid, "the text is not valid UTF-8").at(place_in_text(yaml, *byte)));
  if (yaml.find('\0') != std::string_view::npos) return fail(Error(Code::invalid, "a zero byte in the text").at(place_in_text(yaml, yaml.find('\0'))));
  // An upper bound: stars and brackets in texts count too.
  const auto aliases = static_cast<size_t>(std::count(yaml.begin(), yaml.end(), '*'));
  const auto is_alias = [&] {
    size_t count = 0;
    for (size_t at = yaml.find('*'); at != std::string_view::npos; at = yaml.find('*', at + 1)) {
      const bool starts =
          at == 0 || yaml[at - 1] == ' ' || yaml[at - 1] == '\n' || yaml[at - 1] == '[' || yaml[at - 1] == ',' || yaml[at - 1] == '{' || yaml[at - 1] == '\t';
      const char next = at + 1 < yaml.size() ? yaml[at + 1] : ' ';
      if (starts && next != ' ' && next != '\n' && next != '*' && next != '"' && next != '\'') ++count;
    }
    return count;
  };
  if (aliases > limits.yaml_aliases && is_alias() > limits.yaml_aliases)
    return fail(Code::exhausted, "more than " + std::to_string(limits.yaml_aliases) + " aliases");
  try {
    const std::string text(yaml);
    TRY_DO(expect_one_document(text));
    Converter converter(std::min<size_t>(limits.depth, 200));
    TRY_DO(converter.convert(YAML::Load(text), 0));
    return std::move(converter).take();
  } catch (const YAML::Exception& thrown) {
    return fail(Error(Code::invalid, "no YAML: " + thrown.msg).at(place_of(thrown.mark)));
  } catch (const std::exception& thrown) {
    return fail(Error(Code::invalid, std::string("no YAML: ") + thrown.what()));
  }
}

}  // namespace waybill::formats
