// What CycloneDX's JSON schemas demand beyond what cyclonedx.cc needs: members that must be there, kinds of values,
// enumerations, patterns. Only for ParseOptions::strict; a document that breaks one of these can still be read.
//
// It follows the shapes that name things and what they contain; it is no general validator. Not looked at: licence ids
// (tools write ids newer than a schema), formulation, declarations, signatures, cryptographic properties.
#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

constexpr std::string_view kHashes[] = {"MD5",      "SHA-1",       "SHA-256",     "SHA-384",     "SHA-512", "SHA3-256",     "SHA3-384",
                                        "SHA3-512", "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3",  "Streebog-256", "Streebog-512"};
constexpr std::string_view kTypes[] = {"application",        "framework", "library",  "container",     "operating-system",       "device",
                                       "firmware",           "file",      "platform", "device-driver", "machine-learning-model", "data",
                                       "cryptographic-asset"};
constexpr std::string_view kScopes[] = {"required", "optional", "excluded"};
constexpr std::string_view kPatchTypes[] = {"unofficial", "monkey", "backport", "cherry-pick"};
constexpr std::string_view kIssueTypes[] = {"defect", "enhancement", "security"};
constexpr std::string_view kEncodings[] = {"base64"};
constexpr std::string_view kFlows[] = {"inbound", "outbound", "bi-directional", "unknown"};
constexpr std::string_view kSeverities[] = {"critical", "high", "medium", "low", "info", "none", "unknown"};
constexpr std::string_view kStates[] = {"resolved", "resolved_with_pedigree", "exploitable", "in_triage", "false_positive", "not_affected"};
constexpr std::string_view kAcknowledgements[] = {"declared", "concluded"};

class SchemaCheck {
 public:
  Result<void> bom(const Field& root) {
    TRY_DO(root.expect_object());
    TRY(const auto version, root["specVersion"].required_text());
    minor_ = version.size() == 3 && version.starts_with("1.") ? version[2] - '0' : 0;
    if (root["version"].exists()) TRY_DO(root["version"].integer(1));
    if (root["serialNumber"].exists()) TRY_DO(serial_number(root["serialNumber"]));
    if (root["metadata"].exists()) TRY_DO(metadata(root["metadata"]));
    TRY_DO(each_item(root["components"], [&](const Field& item) { return component(item); }));
    TRY_DO(each_item(root["services"], [&](const Field& item) { return service(item); }));
    TRY_DO(each_item(root["externalReferences"], [&](const Field& item) { return reference(item); }));
    TRY_DO(each_item(root["dependencies"], [&](const Field& item) { return dependency(item); }));
    TRY_DO(each_item(root["vulnerabilities"], [&](const Field& item) { return vulnerability(item); }));
    TRY_DO(each_item(root["citations"], [&](const Field& item) { return citation(item); }));
    return properties(root["properties"]);
  }

 private:
  // Names that the schema gives a string.
  Result<void> texts(const Field& object, std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (object[name].value().exists() && !object[name].value().is_string())
        return fail(object[name].wrong("expected a string, found " + std::string(to_string(object[name].value().kind()))));
    return {};
  }
  template <size_t N>
  Result<void> one_of(const Field& field, const std::string_view (&words)[N]) {
    if (!field.value().exists()) return {};
    TRY(const auto word, field.text());
    if (std::find(std::begin(words), std::end(words), word) != std::end(words)) return {};
    std::string expected;
    for (const auto allowed : words) (expected += expected.empty() ? "" : ", ") += allowed;
    return fail(field.wrong("expected one of " + expected + ", found \"" + std::string(word.substr(0, 60)) + "\""));
  }
  Result<void> time(const Field& field) {
    if (!field.value().exists()) return {};
    TRY(const auto word, field.required_text());
    if (word.size() > 10 && parse_time(word)) return {};
    return fail(field.wrong("expected a date and time as in RFC 3339, found \"" + std::string(word.substr(0, 60)) + "\""));
  }
  // Strings that name something: 1.5 and later ask for at least one character.
  Result<void> ref(const Field& field) {
    if (!field.value().exists()) return {};
    TRY(const auto word, field.text());
    if (word.empty() && minor_ >= 5) return fail(field.wrong("expected a string of at least one character"));
    return {};
  }
  Result<void> properties(const Field& list) {
    return each_item(list, [&](const Field& item) -> Result<void> {
      TRY_DO(item.expect_object());
      TRY_DO(texts(item, {"name", "value"}));
      for (const auto& [name, value] : item.value().members())
        if (name != "name" && name != "value") return fail(item[name].wrong("a property has only name and value"));
      if (minor_ >= 6 && !item["name"].value().exists()) return fail(item.wrong("the property has no name"));
      return {};
    });
  }

  Result<void> serial_number(const Field& field) {
    TRY(const auto word, field.required_text());
    constexpr std::string_view kForm = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    bool good = word.size() == kForm.size() && word.starts_with("urn:uuid:");
    for (size_t i = 9; good && i < word.size(); ++i) {
      const char c = to_lower(word[i]);
      good = kForm[i] == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    if (!good) return fail(field.wrong("expected urn:uuid: and a UUID, found \"" + std::string(word.substr(0, 80)) + "\""));
    return {};
  }

  Result<void> metadata(const Field& metadata) {
    TRY_DO(metadata.expect_object());
    TRY_DO(time(metadata["timestamp"]));
    if (metadata["component"].value().exists()) TRY_DO(component(metadata["component"]));
    TRY_DO(licences(metadata["licenses"]));
    const Field tools = metadata["tools"];
    if (tools.value().is_object()) {
      if (minor_ < 5) return fail(tools.wrong("expected an array: tools are an object from 1.5 on"));
      TRY_DO(each_item(tools["components"], [&](const Field& item) { return component(item); }));
      TRY_DO(each_item(tools["services"], [&](const Field& item) { return service(item); }));
    } else {
      TRY_DO(each_item(tools, [&](const Field& item) -> Result<void> {
        TRY_DO(item.expect_object());
        TRY_DO(texts(item, {"vendor", "name", "version"}));
        return hashes(item["hashes"]);
      }));
    }
    TRY_DO(each_item(metadata["lifecycles"], [&](const Field& item) -> Result<void> {
      TRY_DO(item.expect_object());
      if (!item["phase"].exists() && !item["name"].exists()) return fail(item.wrong("expected phase or name"));
      return {};
    }));
    return properties(metadata["properties"]);
  }

  Result<void> component(const Field& c) {
    TRY_DO(c.expect_object());
    TRY_DO(texts(c, {"type", "mime-type", "bom-ref", "author", "publisher", "group", "name", "version", "description", "scope", "copyright", "cpe", "purl"}));
    if (!c["type"].value().exists()) return fail(c.wrong("the component has no type"));
    TRY_DO(one_of(c["type"], kTypes));
    if (!c["name"].value().exists()) return fail(c.wrong("the component has no name"));
    if (minor_ <= 3 && !c["version"].value().exists()) return fail(c.wrong("the component has no version, which 1.2 and 1.3 ask for"));
    TRY_DO(ref(c["bom-ref"]));
    TRY_DO(one_of(c["scope"], kScopes));
    TRY_DO(hashes(c["hashes"]));
    TRY_DO(licences(c["licenses"]));
    const Field swid = c["swid"];
    if (swid.value().exists()) {
      TRY_DO(swid.expect_object());
      TRY_DO(texts(swid, {"tagId", "name", "version"}));
      if (!swid["tagId"].value().exists() || !swid["name"].value().exists()) return fail(swid.wrong("expected tagId and name"));
    }
    const bool external = c["isExternal"].value().bool_or(false);
    if (c["versionRange"].exists()) {
      if (!external) return fail(c["versionRange"].wrong("only an external component may have a range of versions"));
      if (c["version"].exists()) return fail(c["versionRange"].wrong("expected version or versionRange, found both"));
    }
    TRY_DO(pedigree(c["pedigree"]));
    TRY_DO(each_item(c["externalReferences"], [&](const Field& item) { return reference(item); }));
    TRY_DO(each_item(c["components"], [&](const Field& item) { return component(item); }));
    return properties(c["properties"]);
  }

  Result<void> hashes(const Field& list) {
    return each_item(list, [&](const Field& item) -> Result<void> {
      TRY_DO(item.expect_object());
      TRY_DO(item["alg"].required_text());
      TRY_DO(one_of(item["alg"], kHashes));
      TRY(const auto hex, item["content"].required_text());
      const bool sized = hex.size() == 32 || hex.size() == 40 || hex.size() == 64 || hex.size() == 96 || hex.size() == 128;
      if (!sized || hex.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
        return fail(item["content"].wrong("expected 32, 40, 64, 96 or 128 hexadecimal digits, found \"" + std::string(hex.substr(0, 140)) + "\""));
      return {};
    });
  }

  Result<void> attachment(const Field& text) {
    if (!text.value().exists()) return {};
    TRY_DO(text.expect_object());
    TRY_DO(texts(text, {"contentType", "content"}));
    if (!text["content"].value().exists()) return fail(text.wrong("the text has no content"));
    return one_of(text["encoding"], kEncodings);
  }

  Result<void> licences(const Field& list) {
    size_t expressions = 0;
    TRY_DO(each_item(list, [&](const Field& item) -> Result<void> {
      TRY_DO(item.expect_object());
      const Field licence = item["license"];
      const bool has_expression = item["expression"].value().exists(), has_licence = licence.value().exists();
      if (has_expression == has_licence) return fail(item.wrong(has_licence ? "expected license or expression, found both" : "expected license or expression"));
      TRY_DO(one_of(item["acknowledgement"], kAcknowledgements));
      if (has_expression) {
        ++expressions;
        return texts(item, {"expression"});
      }
      TRY_DO(licence.expect_object());
      TRY_DO(texts(licence, {"id", "name", "url"}));
      const bool has_id = licence["id"].value().exists(), has_name = licence["name"].value().exists();
      if (has_id == has_name) return fail(licence.wrong(has_id ? "expected id or name, found both" : "expected id or name"));
      TRY_DO(attachment(licence["text"]));
      TRY_DO(one_of(licence["acknowledgement"], kAcknowledgements));
      return properties(licence["properties"]);
    }));
    if (minor_ >= 5 && minor_ <= 6 && expressions > 0 && list.value().size() > 1) return fail(list.wrong("an expression stands alone in its list"));
    return {};
  }

  Result<void> reference(const Field& item) {
    TRY_DO(item.expect_object());
    TRY_DO(item["type"].required_text());
    TRY_DO(texts(item, {"url", "comment"}));
    if (!item["url"].value().exists()) return fail(item.wrong("the reference has no url"));
    return hashes(item["hashes"]);
  }

  Result<void> pedigree(const Field& pedigree) {
    if (!pedigree.value().exists()) return {};
    TRY_DO(pedigree.expect_object());
    for (const char* list : {"ancestors", "descendants", "variants"}) TRY_DO(each_item(pedigree[list], [&](const Field& item) { return component(item); }));
    return each_item(pedigree["patches"], [&](const Field& patch) -> Result<void> {
      TRY_DO(patch.expect_object());
      TRY_DO(patch["type"].required_text());
      TRY_DO(one_of(patch["type"], kPatchTypes));
      if (patch["diff"].exists()) TRY_DO(attachment(patch["diff"]["text"]));
      return each_item(patch["resolves"], [&](const Field& issue) -> Result<void> {
        TRY_DO(issue.expect_object());
        TRY_DO(issue["type"].required_text());
        return one_of(issue["type"], kIssueTypes);
      });
    });
  }

  Result<void> service(const Field& item) {
    TRY_DO(item.expect_object());
    TRY_DO(texts(item, {"bom-ref", "group", "name", "version", "description"}));
    if (!item["name"].value().exists()) return fail(item.wrong("the service has no name"));
    TRY_DO(ref(item["bom-ref"]));
    TRY_DO(each_item(item["data"], [&](const Field& data) -> Result<void> {
      TRY_DO(data.expect_object());
      if (!data["flow"].value().exists() || !data["classification"].value().exists()) return fail(data.wrong("expected flow and classification"));
      return one_of(data["flow"], kFlows);
    }));
    TRY_DO(licences(item["licenses"]));
    TRY_DO(each_item(item["externalReferences"], [&](const Field& one) { return reference(one); }));
    TRY_DO(each_item(item["services"], [&](const Field& one) { return service(one); }));
    return properties(item["properties"]);
  }

  Result<void> dependency(const Field& item) {
    TRY_DO(item.expect_object());
    TRY_DO(texts(item, {"ref"}));
    if (!item["ref"].value().exists()) return fail(item.wrong("the dependency has no ref"));
    TRY_DO(ref(item["ref"]));
    return each_item(item["dependsOn"], [&](const Field& one) -> Result<void> {
      TRY_DO(one.text());
      return ref(one);
    });
  }

  Result<void> vulnerability(const Field& item) {
    TRY_DO(item.expect_object());
    TRY_DO(texts(item, {"bom-ref", "id", "description", "detail", "recommendation"}));
    TRY_DO(each_item(item["ratings"], [&](const Field& rating) { return one_of(rating["severity"], kSeverities); }));
    TRY_DO(each_item(item["cwes"], [&](const Field& cwe) -> Result<void> {
      TRY(const int64_t number, cwe.integer(0));
      if (number < 1) return fail(cwe.wrong("expected a number of 1 or more"));
      return {};
    }));
    for (const char* when : {"created", "published", "updated", "rejected"}) TRY_DO(time(item[when]));
    if (item["analysis"].exists()) TRY_DO(one_of(item["analysis"]["state"], kStates));
    return each_item(item["affects"], [&](const Field& one) -> Result<void> {
      TRY_DO(one.expect_object());
      TRY_DO(one["ref"].required_text());
      return {};
    });
  }

  Result<void> citation(const Field& item) {
    TRY_DO(item.expect_object());
    TRY_DO(item["timestamp"].required_text());
    TRY_DO(time(item["timestamp"]));
    if (item["pointers"].exists() == item["expressions"].exists()) return fail(item.wrong("expected pointers or expressions, one of them"));
    if (!item["attributedTo"].exists() && !item["process"].exists()) return fail(item.wrong("expected attributedTo or process"));
    return {};
  }

  int minor_ = 0;
};

}  // namespace

Result<void> check_cyclonedx_schema(std::string_view json, const Limits& limits) {
  TRY(const auto tree, JsonDocument::parse(json, {.bytes = limits.bytes, .depth = limits.depth}));
  return SchemaCheck().bom(Field(tree.root(), ""));
}

}  // namespace waybill::formats
