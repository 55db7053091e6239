// JUnit XML: the counts of each suite, taken from its cases. There is no standard; Surefire, gtest, pytest, Jest, Go and
// .NET differ in what they nest and count, so that attributes are only compared with what the cases say.
//
// No document type, no entities but the five of XML: a declaration is refused before the parser sees it.
#include <pugixml.hpp>

#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

using facts::Text;

constexpr size_t kMaxSuites = 1000;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxFailures = 20;

struct KindRow {
  std::string_view word;
  facts::TestKind kind;
};
constexpr KindRow kKinds[] = {{"unit", facts::TestKind::unit},
                              {"integration", facts::TestKind::integration},
                              {"acceptance", facts::TestKind::acceptance},
                              {"performance", facts::TestKind::performance},
                              {"security", facts::TestKind::security},
                              {"fuzz", facts::TestKind::fuzz},
                              {"smoke", facts::TestKind::smoke},
                              {"other", facts::TestKind::other}};

// Before pugixml builds its tree: no document type, and no nesting that its tree would recurse over.
Result<void> check_shape(std::string_view text) {
  size_t depth = 0;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const std::string_view rest = text.substr(at);
    const auto past = [&](std::string_view end) {
      const size_t found = rest.find(end);
      at = found == std::string_view::npos ? text.size() : at + found + end.size();
    };
    if (rest.starts_with("<!--")) {
      past("-->");
    } else if (rest.starts_with("<![CDATA[")) {
      past("]]>");
    } else if (rest.starts_with("<!")) {
      return fail(
          Error(Code::invalid, "a document type declaration is not accepted").at(place_in_text(text, at)).next("remove <!DOCTYPE …>; test reports need none"));
    } else if (rest.starts_with("<?")) {
      past("?>");
    } else {
      // To the end of the tag; '>' may stand in an attribute.
      size_t end = at + 1;
      char quote = 0;
      while (end < text.size() && (quote != 0 || text[end] != '>')) {
        if (quote != 0)
          quote = text[end] == quote ? char{0} : quote;
        else if (text[end] == '"' || text[end] == '\'')
          quote = text[end];
        ++end;
      }
      if (end >= text.size()) return {};  // pugixml says what is wrong
      if (text[at + 1] == '/')
        depth -= depth > 0;
      else if (text[end - 1] != '/' && ++depth > kMaxDepth)
        return fail(Error(Code::exhausted, "nested deeper than " + std::to_string(kMaxDepth) + " elements").at(place_in_text(text, at)));
      at = end + 1;
    }
  }
  return {};
}

class JunitReader {
 public:
  JunitReader(const Reading& reading) : batch_(reading.batch), text_(reading.text), options_(reading.options) {}

  Result<void> read() {
    if (text_.size() > options_.limits.small_bytes && !options_.trusted)
      return fail(Code::exhausted, "the XML is " + std::to_string(text_.size()) + " bytes long, the limit is " + std::to_string(options_.limits.small_bytes));
    if (const auto byte = find_invalid_utf8(text_)) return fail(Error(Code::invalid, "the text is not valid UTF-8").at(place_in_text(text_, *byte)));
    TRY_DO(check_shape(text_));
    pugi::xml_document tree;
    const auto parsed = tree.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed)
      return fail(Error(Code::invalid, std::string("no XML: ") + parsed.description())
                      .at(place_in_text(text_, static_cast<size_t>(std::max<ptrdiff_t>(parsed.offset, 0)))));
    const pugi::xml_node root = tree.document_element();
    const std::string_view name = root.name();
    if (name != "testsuites" && name != "testsuite")
      return fail(Error(Code::invalid, "expected the root element testsuites or testsuite, found " + std::string(name.substr(0, 60))).at("line 1"));
    if (root.next_sibling()) {
      for (pugi::xml_node other = root.next_sibling(); other; other = other.next_sibling())
        if (other.type() == pugi::node_element)
          return fail(Error(Code::invalid, "expected one root element, found a second one: " + std::string(other.name())).at(place(other)));
    }
    batch_.kind = "tests";
    batch_.format = "JUnit XML";
    batch_.subject_name = root.attribute("name").value();
    suite(root, time_of(root, {}));
    if (batch_.tested.empty()) {
      // A report of nothing is a report: zero tests.
      batch_.tested.push_back({.suite = batch_.keep(root.attribute("name").value()), .at = time_of(root, {})});
    }
    return {};
  }

 private:
  std::string place(const pugi::xml_node& node) const { return place_in_text(text_, static_cast<size_t>(std::max<ptrdiff_t>(node.offset_debug(), 0))); }

  Time time_of(const pugi::xml_node& node, Time otherwise) {
    const std::string_view word = node.attribute("timestamp").value();
    if (word.empty()) return otherwise;
    if (const auto time = parse_time(word)) return *time;
    // Without an offset it is UTC (Surefire, gtest); with a blank instead of the T in some.
    std::string mended(word);
    if (mended.size() > 10 && mended[10] == ' ') mended[10] = 'T';
    if (const auto time = parse_time(mended + "Z")) return *time;
    if (const auto time = parse_time(mended)) return *time;
    warn(batch_, place(node) + ": expected a time, found \"" + std::string(word.substr(0, 60)) + "\"");
    return otherwise;
  }

  // Recursion is bounded by check_shape.
  void suite(const pugi::xml_node& node, Time inherited) {
    const Time at = time_of(node, inherited);
    facts::Tested tested;
    std::vector<Text> failures;
    int32_t flaky = 0;
    bool knows_flaky = false, has_cases = false, has_suites = false;
    for (const pugi::xml_node child : node.children()) {
      const std::string_view name = child.name();
      if (name == "testsuite") {
        has_suites = true;
        suite(child, at);
      } else if (name == "testcase") {
        has_cases = true;
        bool failed = false, skipped = false, was_flaky = false;
        for (const pugi::xml_node detail : child.children()) {
          const std::string_view what = detail.name();
          if (what == "failure" || what == "error")
            failed = true;
          else if (what == "skipped")
            skipped = true;
          else if (what == "flakyFailure" || what == "flakyError")
            was_flaky = true;
        }
        const std::string_view status = child.attribute("status").value(), result = child.attribute("result").value();
        if (status == "notrun" || status == "disabled" || status == "skipped" || result == "suppressed" || result == "skipped") skipped = true;
        if (failed) {
          ++tested.failed;
          if (failures.size() < kMaxFailures) failures.push_back(case_name(child));
        } else if (skipped) {
          ++tested.skipped;
        } else {
          ++tested.passed;
        }
        if (was_flaky) {
          knows_flaky = true;
          ++flaky;
        }
      } else if (name == "properties") {
        for (const pugi::xml_node property : child.children("property")) {
          if (std::string_view(property.attribute("name").value()) != "waybill.kind") continue;
          const std::string_view word = property.attribute("value").value();
          const auto* row = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& r) { return r.word == word; });
          if (row != std::end(kKinds))
            tested.kind = row->kind;
          else
            warn(batch_, place(property) + ": no kind of test: \"" + std::string(word.substr(0, 40)) + "\"");
        }
      }
    }
    const auto said = [&](const char* name) { return static_cast<int64_t>(node.attribute(name).as_llong(-1)); };
    const int64_t tests = said("tests"), failed = said("failures"), errors = said("errors");
    const int64_t skipped = said("skipped") >= 0 ? said("skipped") : said("disabled");
    if (!has_cases && (has_suites || tests <= 0)) return;
    if (!has_cases) {
      // Some tools write a summary only; that is what we know then.
      tested.failed = static_cast<uint32_t>(std::clamp<int64_t>(std::max<int64_t>(failed, 0) + std::max<int64_t>(errors, 0), 0, tests));
      tested.skipped = static_cast<uint32_t>(std::clamp<int64_t>(skipped, 0, tests - tested.failed));
      tested.passed = static_cast<uint32_t>(std::min<int64_t>(tests - tested.failed - tested.skipped, UINT32_MAX));
      warn(batch_, place(node) + ": the suite has no cases; its attributes were taken");
    } else if (!has_suites) {
      const int64_t cases = int64_t{tested.passed} + tested.failed + tested.skipped;
      if (tests >= 0 && tests != cases)
        warn(batch_, place(node) + ": tests=\"" + std::to_string(tests) + "\", but the suite has " + std::to_string(cases) + " cases");
      if (failed >= 0 && failed + std::max<int64_t>(errors, 0) != tested.failed)
        warn(batch_, place(node) + ": failures and errors=\"" + std::to_string(failed + std::max<int64_t>(errors, 0)) + "\", but " +
                         std::to_string(tested.failed) + " cases failed");
    }
    tested.suite = batch_.keep(node.attribute("name").value());
    tested.at = at;
    if (knows_flaky) tested.flaky = flaky;
    tested.failures = batch_.keep(failures);
    if (batch_.tested.size() < kMaxSuites) {
      batch_.tested.push_back(tested);
      return;
    }
    // The rest is one, so that counts stay right however many suites there are.
    if (batch_.tested.size() == kMaxSuites) batch_.tested.push_back({.suite = "(further suites)", .at = at});
    auto& rest = batch_.tested.back();
    rest.passed += tested.passed;
    rest.failed += tested.failed;
    rest.skipped += tested.skipped;
    if (rest.failures.empty()) rest.failures = tested.failures;
  }

  Text case_name(const pugi::xml_node& node) {
    const std::string_view name = node.attribute("name").value(), group = node.attribute("classname").value();
    return group.empty() ? batch_.keep(name.substr(0, 500)) : keep_joined(batch_, group.substr(0, 500), ".", name.substr(0, 500));
  }

  facts::Batch& batch_;
  std::string_view text_;
  const ParseOptions& options_;
};

}  // namespace

Result<void> read_junit(Reading reading) {
  if (reading.text.starts_with("\xef\xbb\xbf")) reading.text.remove_prefix(3);
  return JunitReader(reading).read();
}

}  // namespace waybill::formats
